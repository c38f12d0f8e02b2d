package upstream_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"modicum/internal/upstream"
)

// long writes a page of so many bytes, said to be so many; more are written where it
// says fewer.
func long(bytes int, said string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/fhir+json")
		if said != "" {
			w.Header().Set("Content-Length", said)
		}
		chunk := strings.Repeat("x", 1<<16)
		for left := bytes; left > 0; left -= len(chunk) {
			if _, err := io.WriteString(w, chunk[:min(left, len(chunk))]); err != nil {
				return
			}
		}
	}
}

// TestFC51_ALongPageComesInParts: a page is held whole up to 4 MiB, comes as it is read
// beyond, and has an end.
func TestFC51_ALongPageComesInParts(t *testing.T) {
	for name, tt := range map[string]struct {
		bytes int
		said  string
		want  error // in reading it whole
		parts bool
	}{
		"short":                {1000, "", nil, false},
		"at the edge":          {4 << 20, strconv.Itoa(4 << 20), nil, false},
		"beyond":               {4<<20 + 1, "", nil, true},
		"as large as it may":   {8 << 20, strconv.Itoa(8 << 20), nil, true},
		"said to be too large": {9 << 20, strconv.Itoa(9 << 20), upstream.ErrTooLarge, false},
		"without end":          {1 << 30, "", upstream.ErrTooLarge, true},
		"cut off":              {6 << 20, strconv.Itoa(7 << 20), upstream.ErrUpstream, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, long(tt.bytes, tt.said))
			c := client(t, s, func(cfg *upstream.Config) { cfg.MaxPage = 8 << 20 })
			b, err := c.SearchLong(t.Context(), "Patient", nil, false)
			var n int64
			if err == nil {
				defer b.Release()
				n = int64(len(b.Bytes))
				if (b.More != nil) != tt.parts || n > 5<<20 {
					t.Errorf("%d bytes at once, more to come: %v", n, b.More != nil)
				}
				if b.More != nil {
					var rest int64
					rest, err = io.Copy(io.Discard, b.More)
					n += rest
				}
			}
			if !errors.Is(err, tt.want) || tt.want == nil && n != int64(tt.bytes) || n > 9<<20 {
				t.Errorf("%d bytes of %d, %v; want %v", n, tt.bytes, err, tt.want)
			}
		})
	}
}

// TestFC51_ALongPageIsLetGoOf: what is not read to its end ends at the server.
func TestFC51_ALongPageIsLetGoOf(t *testing.T) {
	gone := make(chan struct{})
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		long(64<<20, "")(w, r)
		<-r.Context().Done()
		close(gone)
	})
	b, err := client(t, s, nil).SearchLong(t.Context(), "Patient", nil, false)
	if err != nil || b.More == nil {
		t.Fatal(err)
	}
	b.Release()
	<-gone
}

// TestFC51_AServerThatStopsIsNotWaitedForForEver: Whole is for what it lets us wait.
func TestFC51_AServerThatStopsIsNotWaitedForForEver(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		long(5<<20, "")(w, r)
		if http.NewResponseController(w).Flush() == nil {
			<-r.Context().Done()
		}
	})
	b, err := client(t, s, func(cfg *upstream.Config) { cfg.Whole = time.Second }).SearchLong(t.Context(), "Patient", nil, false)
	if err == nil {
		defer b.Release()
		_, err = io.Copy(io.Discard, b.More)
	}
	if !errors.Is(err, upstream.ErrUpstream) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}
