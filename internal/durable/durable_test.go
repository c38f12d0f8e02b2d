package durable

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
)

// watched notes what was synced, and whether path had its name by then.
type watched struct {
	path string
	seen []string
	fail string // what cannot be synced: file or folder
}

func (w *watched) sync(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	what := "file"
	if info.IsDir() {
		what = "folder"
	}
	if text, err := os.ReadFile(w.path); err == nil && string(text) == "new" {
		what += " with its name"
	}
	w.seen = append(w.seen, what)
	if w.fail != "" && what[:4] == w.fail[:4] {
		return errors.New("the disk is gone")
	}
	return f.Sync()
}

var ways = map[string]func(files, string, []byte, fs.FileMode) error{"replace": files.replace, "create": files.create}

// TestWhatIsWrittenOutlivesALossOfPower: the file before it has its name, and the folder
// once it has.
func TestWhatIsWrittenOutlivesALossOfPower(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("folders are not synced on Windows")
	}
	for way, write := range ways {
		w := &watched{path: filepath.Join(t.TempDir(), "key")}
		if way == "replace" {
			if err := os.WriteFile(w.path, []byte("old"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if err := write(files{w.sync}, w.path, []byte("new"), 0o640); err != nil {
			t.Fatal(way, err)
		}
		if want := []string{"file", "folder with its name"}; !slices.Equal(w.seen, want) {
			t.Errorf("%s synced %v, want %v", way, w.seen, want)
		}
		if entries, err := os.ReadDir(filepath.Dir(w.path)); err != nil || len(entries) != 1 {
			t.Errorf("%s left %v, %v", way, entries, err)
		}
		info, err := os.Stat(w.path)
		if err != nil || info.Mode().Perm() != 0o640 {
			t.Errorf("%s: mode %v, %v", way, info.Mode(), err)
		}
	}
}

// TestWhatCouldNotBeWrittenIsNotThere: neither a part of it, nor anything beside it; what
// was there before stays.
func TestWhatCouldNotBeWrittenIsNotThere(t *testing.T) {
	for way, write := range ways {
		w := &watched{path: filepath.Join(t.TempDir(), "key"), fail: "file"}
		left := 0
		if way == "replace" {
			left = 1
			if err := os.WriteFile(w.path, []byte("old"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := write(files{w.sync}, w.path, []byte("new"), 0o600); err == nil {
			t.Errorf("%s says that it was written", way)
		}
		entries, err := os.ReadDir(filepath.Dir(w.path))
		if err != nil || len(entries) != left {
			t.Errorf("%s left %v, %v", way, entries, err)
		}
		if text, _ := os.ReadFile(w.path); left == 1 && string(text) != "old" {
			t.Errorf("%s lost the file before: %q", way, text)
		}
	}
}

func TestAFolderThatIsNotSyncedIsTold(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("folders are not synced on Windows")
	}
	for way, write := range ways {
		w := &watched{path: filepath.Join(t.TempDir(), "key"), fail: "folder"}
		if err := write(files{w.sync}, w.path, []byte("new"), 0o600); err == nil {
			t.Errorf("%s says that it outlives a loss of power", way)
		}
	}
}

func TestCreateReplacesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	if err := Create(path, []byte("first"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Create(path, []byte("second"), 0o600); !errors.Is(err, fs.ErrExist) {
		t.Errorf("again: %v", err)
	}
	if text, _ := os.ReadFile(path); string(text) != "first" {
		t.Errorf("it holds %q", text)
	}
	if err := Replace(path, []byte("third"), 0o600); err != nil {
		t.Fatal(err)
	}
	if text, _ := os.ReadFile(path); string(text) != "third" {
		t.Errorf("replaced it holds %q", text)
	}
}

// TestCreateWritesNothingWhereThereIsAFile: so that keys may lie in a folder that this
// process cannot write.
func TestCreateWritesNothingWhereThereIsAFile(t *testing.T) {
	w := &watched{path: filepath.Join(t.TempDir(), "key")}
	if err := os.WriteFile(w.path, []byte("new"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := (files{w.sync}).create(w.path, []byte("newer"), 0o600); !errors.Is(err, fs.ErrExist) || len(w.seen) != 0 {
		t.Errorf("%v, synced %v", err, w.seen)
	}
}

// TestOfTwoWhoCreateAtOnceOneIsTold that the other's file is there.
func TestOfTwoWhoCreateAtOnceOneIsTold(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	slow := files{func(f *os.File) error {
		if info, err := f.Stat(); err != nil || info.IsDir() {
			return err
		}
		return Create(path, []byte("first"), 0o600)
	}}
	if err := slow.create(path, []byte("second"), 0o600); !errors.Is(err, fs.ErrExist) {
		t.Errorf("the second: %v", err)
	}
	if text, _ := os.ReadFile(path); string(text) != "first" {
		t.Errorf("it holds %q", text)
	}
	if entries, err := os.ReadDir(filepath.Dir(path)); err != nil || len(entries) != 1 {
		t.Errorf("left %v, %v", entries, err)
	}
}
