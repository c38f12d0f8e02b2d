package ledger

import (
	"errors"
	"os"
	"path/filepath"
)

// writeFile puts b at path, whole or not at all, also when power fails.
func writeFile(path string, b []byte) error {
	files := batch{touched: map[string]bool{}}
	return errors.Join(files.put(path, b), files.end())
}

// batch puts many files at their places. They are written first and synced then: the file
// system writes for the first of them most of what the others need, and whoever else waits
// for the disk waits for one of its commits in place of one for each file.
type batch struct {
	open    []written
	touched map[string]bool // folders to sync, once each
}

// written is a file beside its place, not durable yet.
type written struct {
	file *os.File
	path string
	err  error // it is not whole, and must not come to its place
}

// mostOpen is how many files a batch writes before it syncs them.
const mostOpen = 64

// put writes b beside path. It lies at path, and lasts, once end has said so.
func (b *batch) put(path string, content []byte) error {
	if len(b.open) >= mostOpen {
		if err := b.place(); err != nil {
			return err
		}
	}
	dir := filepath.Dir(path)
	if !b.touched[dir] {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
		b.touched[dir] = true
	}
	f, err := os.CreateTemp(dir, ".new-*")
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	b.open = append(b.open, written{f, path, err})
	return err
}

// end makes durable all that was put.
func (b *batch) end() error {
	err := b.place()
	for dir := range b.touched {
		err = errors.Join(err, syncDir(dir))
	}
	return err
}

// place syncs what was written and puts it where it belongs.
func (b *batch) place() error {
	var errs []error
	for _, w := range b.open {
		errs = append(errs, w.place())
	}
	b.open = b.open[:0]
	return errors.Join(errs...)
}

func (w written) place() error {
	err := w.err
	if err == nil {
		err = w.file.Sync()
	}
	err = errors.Join(err, w.file.Close())
	if err == nil {
		err = os.Rename(w.file.Name(), w.path)
	}
	if err != nil {
		os.Remove(w.file.Name())
	}
	return err
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
