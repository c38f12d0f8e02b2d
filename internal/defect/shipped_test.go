//go:build !leaktest

package defect

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestTheShippedBinaryPlantsNothing: what is built as a release is built holds neither
// the variable that chooses a fault nor the name of one. The same search finds both in
// a binary built with the tag, so that it can fail.
func TestTheShippedBinaryPlantsNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: the command is not built")
	}
	for _, tt := range []struct {
		tags   string
		plants bool
	}{{"", false}, {"leaktest", true}} {
		file := filepath.Join(t.TempDir(), "modicum")
		cmd := exec.CommandContext(t.Context(), "go", "build", "-tags", tt.tags, "-o", file, "./cmd/modicum")
		cmd.Dir = "../.."
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		names := []string{"MODICUM_DEFECT"}
		for _, d := range All() {
			names = append(names, string(d))
		}
		found := 0
		for _, name := range names {
			if bytes.Contains(text, []byte(name)) {
				found++
				if !tt.plants {
					t.Errorf("the shipped binary holds %q", name)
				}
			}
		}
		if tt.plants && found != len(names) {
			t.Errorf("a binary with the tag holds %d of %d names: the search finds nothing", found, len(names))
		}
	}
}
