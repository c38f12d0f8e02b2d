package testkit

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// looks are the ways in which people meet a page.
var looks = []struct {
	name          string
	media, scheme string
	width, height int64
}{
	{"light", "", "light", 1280, 900},
	{"dark", "", "dark", 1280, 900},
	{"narrow-light", "", "light", 360, 740},
	{"narrow-dark", "", "dark", 360, 740},
	{"print", "print", "light", 800, 1100},
}

// Look opens a page as people meet it: in the light and in the dark, on a phone,
// on paper. Each time the accessibility checker must find nothing, and nothing
// may stick out to the right. With go test -artifacts the pictures are kept, to be
// looked at by somebody who cares.
func Look(tb testing.TB, ctx context.Context, url string) {
	tb.Helper()
	for _, l := range looks {
		params := emulation.SetEmulatedMediaParams{Media: l.media, Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: l.scheme}}}
		if _, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, params); err != nil {
			tb.Fatal(err)
		}
		if err := chromedp.Do(ctx, chromedp.EmulateViewport(l.width, l.height), chromedp.Navigate(url)); err != nil {
			tb.Fatal(err)
		}
		for _, v := range Axe(tb, ctx) {
			tb.Errorf("%s, %s: %s", url, l.name, v)
		}
		wide, err := chromedp.Run(ctx, chromedp.Evaluate[int64]("document.documentElement.scrollWidth"))
		if err != nil {
			tb.Fatal(err)
		}
		if wide > l.width {
			tb.Errorf("%s, %s: %d pixels wide, of %d", url, l.name, wide, l.width)
		}
		keep(tb, ctx, l.name)
	}
}

// keep writes a picture of the whole page beside the test's other artifacts.
func keep(tb testing.TB, ctx context.Context, name string) {
	tb.Helper()
	picture, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(tb.ArtifactDir(), name+".png"), picture, 0o644); err != nil {
		tb.Fatal(err)
	}
}
