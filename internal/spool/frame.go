package spool

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json"

	"modicum/internal/defect"
	"modicum/ledger"
)

// The file, docs/design.md: a head of headBytes, then frames, then zeros to its end.
//
// A frame begins at a multiple of sector: 32 bytes of HMAC-SHA256, 4 bytes of length,
// one of kind, the content, zeros to the next multiple. The HMAC is over that of the
// frame before, length, kind and content. A frame is written without its HMAC first,
// which follows once the rest is on disk, so that one that was interrupted differs
// from one that was changed.
const (
	sector     = 512
	headBytes  = 4096
	markAt     = 2048 // in the head: that everything is in the record, and clearing began
	overhead   = sha256.Size + 5
	maxContent = ledger.MaxEntry
	leastBytes = 1 << 20
)

type kind byte

const (
	kindHead  kind = 1 // of the file
	kindEntry kind = 2 // an entry
	kindTorn  kind = 3 // 8 bytes: how many lay there of an entry that was interrupted
)

type mac = [sha256.Size]byte

// frame is where a whole frame lies.
type frame struct {
	at     int64
	kind   kind
	length int
	mac    mac
}

func (f frame) next() int64 { return f.at + room(f.length) }

// room is what a frame takes in the file.
func room(length int) int64 {
	n := int64(overhead + length)
	return (n + sector - 1) / sector * sector
}

// head is the content of the first frame.
type head struct {
	Schema     int    `json:"schema"` // 1
	At         int64  `json:"at"`     // microseconds since 1970, UTC
	Act        string `json:"act"`    // id of the act that will tell of it
	Size       int64  `json:"size"`   // of the file
	Known      int64  `json:"known"`  // entries that the record was known to have
	Checkpoint string `json:"checkpoint"`
}

func chained(key []byte, before mac, k kind, content []byte) mac {
	h := hmac.New(sha256.New, key)
	if !defect.On(defect.SpoolUnchained) {
		h.Write(before[:])
	}
	var fixed [5]byte
	binary.BigEndian.PutUint32(fixed[:4], uint32(len(content)))
	fixed[4] = byte(k)
	h.Write(fixed[:])
	h.Write(content)
	return mac(h.Sum(nil))
}

// build is a frame as it lies in the file, and its HMAC.
func build(key []byte, before mac, k kind, content []byte) ([]byte, mac) {
	m := chained(key, before, k, content)
	b := make([]byte, room(len(content)))
	copy(b, m[:])
	binary.BigEndian.PutUint32(b[sha256.Size:], uint32(len(content)))
	b[sha256.Size+4] = byte(k)
	copy(b[overhead:], content)
	return b, m
}

// errContent: a frame whose chain is right holds what no spool wrote.
var errContent = errors.New("a frame does not hold what it should")

// parse returns the entry of a frame, or how many bytes were torn before it.
func parse(k kind, content []byte) (e ledger.Entry, torn int64, err error) {
	switch k {
	case kindTorn:
		if len(content) != 8 {
			return nil, 0, errContent
		}
		return nil, int64(binary.BigEndian.Uint64(content) & (1<<62 - 1)), nil
	case kindEntry:
		if e, err = ledger.Decode(content); err == nil {
			return e, 0, nil
		}
	}
	return nil, 0, errContent
}

// scanned is what a file holds.
type scanned struct {
	head   *head
	frames []frame // whole and chained
	last   mac     // of the head or the last frame
	end    int64   // of them
	torn   int64   // bytes of a frame that was interrupted: nobody was told that it is kept
	// damage says what was changed, and where; "" when nothing was. Nothing behind it
	// is believed.
	damage  string
	cleared bool // everything is in the record; only clearing was interrupted
}

// scan reads a file. It fails only where reading does.
func scan(r io.ReaderAt, size int64, key []byte) (scanned, error) {
	out := scanned{end: headBytes}
	first, content, state, err := readFrame(r, headBytes, key, mac{}, 0)
	if err != nil {
		return out, err
	}
	if state != whole || first.kind != kindHead || json.Unmarshal(content, &out.head, json.RejectUnknownMembers(true)) != nil {
		out.head = nil
		empty, err := zeros(r, headBytes, size)
		if !empty {
			out.damage = "its head was changed"
		}
		return out, err // where only the head is there, nobody was told that anything is kept
	}
	out.last = first.mac
	clean, err := out.readMark(r, key, first)
	switch {
	case err != nil || out.cleared:
		return out, err
	case !clean:
		out.damage = "its head was changed"
		return out, nil
	case out.head.Size != size:
		out.damage = "its length was changed"
		return out, nil
	}
	return out, out.follow(r, size, key)
}

// readMark reads the rest of the head: zeros but for the mark of clearing, which may
// have been interrupted.
func (out *scanned) readMark(r io.ReaderAt, key []byte, first frame) (clean bool, err error) {
	rest := make([]byte, headBytes)
	if _, err := r.ReadAt(rest, 0); err != nil {
		return false, fmt.Errorf("spool: read: %w", err)
	}
	mark, want := mac(rest[markAt:markAt+sha256.Size]), clearMark(key, first.mac)
	out.cleared = hmac.Equal(mark[:], want[:])
	clear(rest[:first.next()])
	clear(rest[markAt : markAt+sha256.Size])
	return isZero(rest) && (out.cleared || interrupted(mark, want)), nil
}

// follow reads the frames behind the head.
func (out *scanned) follow(r io.ReaderAt, size int64, key []byte) error {
	for out.end < size {
		f, content, state, err := readFrame(r, size, key, out.last, out.end)
		if err != nil {
			return err
		}
		if state == whole {
			if _, _, err := parse(f.kind, content); err != nil {
				state = changed
			}
		}
		switch state {
		case whole:
			out.frames, out.last, out.end = append(out.frames, f), f.mac, f.next()
			continue
		case none:
			clean, err := zeros(r, out.end, size)
			if !clean {
				out.damage = fmt.Sprintf("changed at byte %d", out.end)
			}
			return err
		}
		return out.tail(r, size, f, state)
	}
	return nil
}

// tail judges what follows the last whole frame.
func (out *scanned) tail(r io.ReaderAt, size int64, f frame, state condition) error {
	clean, err := zeros(r, min(f.next(), size), size)
	if err != nil {
		return err
	}
	if state == torn && clean {
		out.torn = f.next() - out.end
		return nil
	}
	out.damage = fmt.Sprintf("changed at byte %d", out.end)
	return nil
}

type condition int

const (
	none    condition = iota // zeros
	whole                    // as it was written
	torn                     // writing it was interrupted
	changed                  // none of these
)

// readFrame reads what lies at a place, below size.
func readFrame(r io.ReaderAt, size int64, key []byte, before mac, at int64) (frame, []byte, condition, error) {
	var fixed [overhead]byte
	if _, err := r.ReadAt(fixed[:], at); err != nil {
		return frame{}, nil, none, fmt.Errorf("spool: read: %w", err)
	}
	f := frame{at: at, mac: mac(fixed[:]), kind: kind(fixed[sha256.Size+4])}
	n := binary.BigEndian.Uint32(fixed[sha256.Size:])
	if n == 0 || n > maxContent || at+room(int(n)) > size {
		return f.judgeHead(r, size, fixed[:])
	}
	f.length = int(n)
	b := make([]byte, room(f.length))
	if _, err := r.ReadAt(b, at); err != nil {
		return f, nil, none, fmt.Errorf("spool: read: %w", err)
	}
	content, pad := b[overhead:overhead+f.length], b[overhead+f.length:]
	want := chained(key, before, f.kind, content)
	switch {
	case hmac.Equal(want[:], f.mac[:]) && isZero(pad):
		return f, content, whole, nil
	case interrupted(f.mac, want):
		return f, nil, torn, nil
	}
	return f, nil, changed, nil
}

// judgeHead tells zeros from what has no length that could be one: writing may have
// been interrupted within its first sector only.
func (f frame) judgeHead(r io.ReaderAt, size int64, fixed []byte) (frame, []byte, condition, error) {
	rest, err := zeros(r, f.at, min(f.at+sector, size))
	if err != nil || rest {
		return f, nil, none, err
	}
	if f.mac == (mac{}) {
		return f, nil, torn, nil
	}
	return f, nil, changed, nil
}

// interrupted reports whether an HMAC is not, or only partly, written yet.
func interrupted(got, want mac) bool {
	n := len(got)
	for n > 0 && got[n-1] == 0 {
		n--
	}
	return n < len(got) && bytes.Equal(got[:n], want[:n])
}

func clearMark(key []byte, first mac) mac {
	h := hmac.New(sha256.New, key)
	h.Write([]byte("cleared"))
	h.Write(first[:])
	return mac(h.Sum(nil))
}

// zeros reports whether from..to holds nothing else.
func zeros(r io.ReaderAt, from, to int64) (bool, error) {
	b := make([]byte, 64<<10)
	for from < to {
		part := b[:min(int64(len(b)), to-from)]
		if _, err := r.ReadAt(part, from); err != nil {
			return false, fmt.Errorf("spool: read: %w", err)
		}
		if !isZero(part) {
			return false, nil
		}
		from += int64(len(part))
	}
	return true, nil
}

func isZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}
