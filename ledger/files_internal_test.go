package ledger

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// TestAFileThatIsNotWholeNeverComesToItsPlace: what was put before and after it does.
func TestAFileThatIsNotWholeNeverComesToItsPlace(t *testing.T) {
	dir := t.TempDir()
	files := batch{touched: map[string]bool{}}
	put := func(name string) {
		t.Helper()
		if err := files.put(filepath.Join(dir, "tile", name), []byte(name)); err != nil {
			t.Fatal(err)
		}
	}
	put("000")
	put("001")
	files.open[1].err = errors.New("no room")
	put("002")
	if err := files.end(); err == nil {
		t.Error("all is said to be there")
	}
	left, err := os.ReadDir(filepath.Join(dir, "tile"))
	if err != nil || len(left) != 2 || left[0].Name() != "000" || left[1].Name() != "002" {
		t.Errorf("in the folder lie %v, %v", left, err)
	}
}

// TestNoMoreFilesAreOpenThanABatchMayHave: what lies beyond was placed before.
func TestNoMoreFilesAreOpenThanABatchMayHave(t *testing.T) {
	dir := t.TempDir()
	files := batch{touched: map[string]bool{}}
	for n := range int64(2*mostOpen + 3) {
		if err := files.put(filepath.Join(dir, TilePath(0, n, TileWidth)), []byte{byte(n)}); err != nil {
			t.Fatal(err)
		}
		if len(files.open) > mostOpen {
			t.Fatalf("%d files are open", len(files.open))
		}
	}
	if err := files.end(); err != nil {
		t.Fatal(err)
	}
	for n := range int64(2*mostOpen + 3) {
		b, err := os.ReadFile(filepath.Join(dir, TilePath(0, n, TileWidth)))
		if err != nil || len(b) != 1 || b[0] != byte(n) {
			t.Errorf("file %d: %v, %v", n, b, err)
		}
	}
}
