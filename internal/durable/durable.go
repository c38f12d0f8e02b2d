// Package durable writes files that are there whole or not at all, also after a loss of
// power: what was written is synced before it has its name, and the folder after.
package durable

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// Replace writes a file beside its place and renames it there: who reads it finds the one
// before or this one. At no moment can more people read it than mode says.
func Replace(path string, body []byte, mode fs.FileMode) error {
	return files{(*os.File).Sync}.replace(path, body, mode)
}

// Create writes a file that must not be there yet; fs.ErrExist where it is, before anything
// is written, or where another was faster. It has its name by a hard link, which takes no
// other's place: the file system must have them.
func Create(path string, body []byte, mode fs.FileMode) error {
	return files{(*os.File).Sync}.create(path, body, mode)
}

// Folder makes the names in a folder outlive a loss of power.
func Folder(dir string) error { return files{(*os.File).Sync}.folder(dir) }

// files write by a way of syncing, which tests watch.
type files struct{ sync func(*os.File) error }

func (s files) replace(path string, body []byte, mode fs.FileMode) error {
	return s.put(path, body, mode, os.Rename)
}

func (s files) create(path string, body []byte, mode fs.FileMode) error {
	if _, err := os.Lstat(path); err == nil {
		return &fs.PathError{Op: "create", Path: path, Err: fs.ErrExist}
	}
	return s.put(path, body, mode, link)
}

// link renames a file to a name that must be free.
func link(from, to string) error {
	if err := os.Link(from, to); err != nil {
		return err
	}
	return os.Remove(from)
}

// put writes a file beside its place, and names it when it is synced.
func (s files) put(path string, body []byte, mode fs.FileMode, name func(from, to string) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*") // mode 0600
	if err != nil {
		return err
	}
	err = s.fill(f, body, mode)
	if err == nil {
		err = name(f.Name(), path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", path, err), os.Remove(f.Name()))
	}
	return s.folder(filepath.Dir(path))
}

// fill writes a file and closes it. The mode is set last, so that a narrow umask does not
// take away what was asked for.
func (s files) fill(f *os.File, body []byte, mode fs.FileMode) error {
	_, err := f.Write(body)
	return errors.Join(err, f.Chmod(mode), s.sync(f), f.Close())
}

// folder syncs a folder. Windows opens none for writing and syncs their names by itself.
func (s files) folder(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(s.sync(d), d.Close())
}
