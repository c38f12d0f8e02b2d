package spool

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/go-json-experiment/json"

	"modicum/internal/defect"
	"modicum/internal/durable"
	"modicum/ledger"
)

// disk is what the spool needs of its file; tests put a disk that fails or is killed.
type disk interface {
	ReadAt(p []byte, off int64) (int, error)
	WriteAt(p []byte, off int64) (int, error)
	Sync() error // returns when what was written is on the disk
	Close() error
}

// onDisk may be replaced by tests.
var onDisk = func(f *os.File) disk { return osDisk{f} }

// file is the spool's file and what is known of it. The spool's mutex guards it.
type file struct {
	path     string
	key      []byte
	size     int64
	d        disk
	unusable error // the disk failed: nobody knows what lies in the file now
	scanned
}

// openFile opens or makes the file of that many bytes and reads it. A file that
// holds something keeps the size that it has.
func openFile(path string, size int64, key []byte) (*file, error) {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := setAside(path, size); err != nil {
			return nil, err
		}
	case err != nil:
		return nil, fmt.Errorf("spool: %w", err)
	case !info.Mode().IsRegular() || info.Mode().Perm()&0o077 != 0:
		return nil, fmt.Errorf("spool: %s must be a regular file that others cannot read: chmod 600", path)
	}
	f := &file{path: path, key: key, size: size}
	if err := f.open(); err != nil || f.size == size || f.inUse() {
		return f, err
	}
	// It is empty, and another size is configured.
	if err := errors.Join(f.d.Close(), setAside(path, size)); err != nil {
		return nil, err
	}
	return f, f.open()
}

// inUse reports whether there is something in the file that must not get lost.
func (f *file) inUse() bool { return f.head != nil || f.damage != "" }

func (f *file) open() error {
	h, err := os.OpenFile(f.path, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("spool: %w", err)
	}
	if err := lock(h); err != nil {
		return errors.Join(err, h.Close())
	}
	info, err := h.Stat()
	if err == nil && info.Size() < leastBytes {
		err = h.Truncate(leastBytes) // it was cut off: what is missing is told of as what it looks like
	}
	if err != nil {
		return errors.Join(fmt.Errorf("spool: %w", err), h.Close())
	}
	f.size = max(info.Size(), leastBytes)
	f.d = onDisk(h)
	if f.scanned, err = scan(f.d, f.size, f.key); err == nil {
		err = f.tidy()
	}
	if err != nil {
		return errors.Join(err, f.d.Close())
	}
	return nil
}

// tidy takes away what is left of a head when beginning or clearing was interrupted.
func (f *file) tidy() error {
	if f.inUse() {
		return nil
	}
	clean, err := zeros(f.d, 0, headBytes)
	if err != nil || clean {
		return err
	}
	return f.zero(0, headBytes)
}

// setAside makes a file of zeros that the disk really has, under a name of its own
// until it is whole.
func setAside(path string, size int64) (err error) {
	made := path + ".new"
	h, err := os.OpenFile(made, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("spool: %w", err)
	}
	block := make([]byte, 1<<20)
	for left := size; left > 0 && err == nil; left -= int64(len(block)) {
		_, err = h.Write(block[:min(left, int64(len(block)))])
	}
	err = errors.Join(err, h.Sync(), h.Close())
	if err == nil {
		err = os.Rename(made, path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("spool: set aside %d bytes: %w", size, err), os.Remove(made))
	}
	return durable.Folder(filepath.Dir(path))
}

func (f *file) close() error { return f.d.Close() }

// begin writes the head.
func (f *file) begin(h head) error {
	h.Size = f.size
	content, err := json.Marshal(h, json.Deterministic(true))
	if err != nil || len(content) > markAt-overhead {
		return fmt.Errorf("spool: the head cannot be written: %w", err)
	}
	m, err := f.write(0, mac{}, kindHead, content)
	if err != nil {
		return err
	}
	f.head, f.last, f.end = &h, m, headBytes
	return nil
}

// mend makes a frame that was interrupted one that says so, so that others can follow.
func (f *file) mend() error {
	torn := f.torn
	if err := f.zero(f.end+sector, f.end+torn); err != nil {
		return err
	}
	f.torn = 0
	return f.append(kindTorn, binary.BigEndian.AppendUint64(nil, uint64(torn)))
}

// append writes one frame behind the last; when it returns nil the frame is on disk.
func (f *file) append(k kind, content []byte) error {
	if f.end+room(len(content)) > f.size && !defect.On(defect.SpoolUnbounded) {
		return ErrFull
	}
	m, err := f.write(f.end, f.last, k, content)
	if err != nil {
		return err
	}
	fr := frame{at: f.end, kind: k, length: len(content), mac: m}
	f.frames, f.last, f.end = append(f.frames, fr), m, fr.next()
	return nil
}

// write puts a frame on disk without its HMAC, then with it.
func (f *file) write(at int64, before mac, k kind, content []byte) (mac, error) {
	b, m := build(f.key, before, k, content)
	clear(b[:len(m)])
	err := f.put(b, at)
	if err == nil {
		err = f.put(m[:], at)
	}
	return m, err
}

// put writes and syncs. After a failure nobody knows what lies there, so the file is
// not written to any more.
func (f *file) put(b []byte, at int64) error {
	_, err := f.d.WriteAt(b, at)
	if err == nil && !defect.On(defect.SpoolUnsynced) {
		err = f.d.Sync()
	}
	if err != nil {
		f.unusable = fmt.Errorf("%w: %w", ErrUnusable, err)
		return f.unusable
	}
	return nil
}

// read returns the entry of a frame, or how many bytes were torn before it.
func (f *file) read(fr frame) (ledger.Entry, int64, error) {
	content := make([]byte, fr.length)
	if _, err := f.d.ReadAt(content, fr.at+overhead); err != nil {
		return nil, 0, fmt.Errorf("spool: read: %w", err)
	}
	return parse(fr.kind, content)
}

// clear makes the file empty. It first says so in the head, so that a clearing that
// was interrupted is not taken for damage.
func (f *file) clear() error {
	if f.head != nil {
		mark := clearMark(f.key, f.headMAC())
		if err := f.put(mark[:], markAt); err != nil {
			return err
		}
	}
	for _, part := range [][2]int64{{headBytes, f.used()}, {0, headBytes}} {
		if err := f.zero(part[0], part[1]); err != nil {
			return err
		}
	}
	f.scanned = scanned{end: headBytes}
	return nil
}

// headMAC is that of the first frame.
func (f *file) headMAC() mac {
	var m mac
	_, _ = f.d.ReadAt(m[:], 0) // what cannot be read makes a mark that is none
	return m
}

// used is how far the file may hold something; all of it where clearing was interrupted.
func (f *file) used() int64 {
	if f.cleared || f.head == nil {
		return f.size
	}
	return min(f.size, f.end+f.torn)
}

func (f *file) zero(from, to int64) error {
	block := make([]byte, 1<<20)
	for from < to {
		part := block[:min(int64(len(block)), to-from)]
		if _, err := f.d.WriteAt(part, from); err != nil {
			f.unusable = fmt.Errorf("%w: %w", ErrUnusable, err)
			return f.unusable
		}
		from += int64(len(part))
	}
	if err := f.d.Sync(); err != nil {
		f.unusable = fmt.Errorf("%w: %w", ErrUnusable, err)
		return f.unusable
	}
	return nil
}

// putAside keeps the file as it is under another name, for whoever looks into it, and
// begins a new one.
func (f *file) putAside(name string) error {
	err := os.Rename(f.path, filepath.Join(filepath.Dir(f.path), name))
	if err == nil {
		err = durable.Folder(filepath.Dir(f.path))
	}
	if err != nil {
		return fmt.Errorf("spool: put aside: %w", err)
	}
	err = errors.Join(f.d.Close(), setAside(f.path, f.size))
	if err == nil {
		err = f.open()
	}
	if err != nil {
		f.unusable = fmt.Errorf("%w: %w", ErrUnusable, err)
		f.scanned = scanned{end: headBytes}
	}
	return err
}
