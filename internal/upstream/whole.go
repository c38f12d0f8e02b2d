package upstream

import (
	"io"
	"runtime"
	"sync"
)

// block is how much of a long answer is read at a time, in bytes.
const block = 256 << 10

var blocks = sync.Pool{New: func() any { return new([block]byte) }}

// gathered is what was read of an answer: first, and what lies in blocks behind it. A buffer
// that grows by copying would copy an endless answer five times before it is too large.
type gathered struct {
	first []byte
	more  []*[block]byte
	size  int64
}

// An answer up to wholeRoom lies in one piece, in memory that is kept for the next; endRoom
// is for the read that finds its end.
const (
	endRoom   = 512
	wholeRoom = 1<<20 + endRoom
)

// grown is b with twice the room, and no more than is kept.
func grown(b []byte) []byte {
	return append(make([]byte, 0, min(2*cap(b), wholeRoom)), b...)
}

// readAll reads r to its end into b, growing as bytes come and not as a header promises.
// Of what has more than most bytes it returns the beginning alone.
func readAll(b []byte, r io.Reader, length, most int64) ([]byte, error) {
	g, err := read(b, r, length, most)
	defer g.release()
	if err != nil {
		return g.first, err
	}
	return g.join(), nil
}

// readHead is readAll, but returns all that was read of what has more than most bytes.
func readHead(b []byte, r io.Reader, length, most int64) ([]byte, error) {
	g, err := read(b, r, length, most)
	defer g.release()
	return g.join(), err
}

// read is readAll: a megabyte into b, and the rest into blocks. After each block others
// get the processor, since who reads a long answer is in no hurry.
func read(b []byte, r io.Reader, length, most int64) (gathered, error) {
	want := min(length+endRoom, wholeRoom)
	if length < 0 {
		want = 32 << 10
	}
	if want > int64(cap(b)) {
		b = make([]byte, 0, want)
	}
	for len(b) < cap(b) || cap(b) < wholeRoom {
		if len(b) == cap(b) {
			b = grown(b)
		}
		n, err := r.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if over, err := ended(int64(len(b)), err, most); over {
			return gathered{first: b, size: int64(len(b))}, err
		}
	}
	for g := (gathered{first: b, size: int64(len(b))}); ; runtime.Gosched() {
		one := blocks.Get().(*[block]byte)
		g.more = append(g.more, one)
		n, err := fill(one[:], r)
		g.size += int64(n)
		if over, err := ended(g.size, err, most); over {
			return g, err
		}
	}
}

// ended reports whether reading is over: there is too much, all, or no more to be had.
func ended(size int64, err error, most int64) (bool, error) {
	switch {
	case size > most:
		return true, ErrTooLarge
	case err == io.EOF:
		return true, nil
	}
	return err != nil, err
}

// fill is io.ReadFull, except that an end is told from a body that was cut short, whose
// reader says io.ErrUnexpectedEOF.
func fill(b []byte, r io.Reader) (n int, err error) {
	for n < len(b) && err == nil {
		var one int
		one, err = r.Read(b[n:])
		n += one
	}
	return n, err
}

// join is the whole of it as one.
func (g *gathered) join() []byte {
	if len(g.more) == 0 {
		return g.first
	}
	out := joined(g.size)
	at := copy(out, g.first)
	for _, one := range g.more {
		at += copy(out[at:], one[:])
	}
	return out
}

// joinedRoom is of the beginning of any long answer, and of no less.
const joinedRoom = headBytes + block

// beginnings lends memory for the beginnings of long answers: they come one after another,
// and what is made anew for each lies about until the collector needs room.
var beginnings sync.Pool // of *[]byte with joinedRoom

// joined lends memory for so many bytes.
func joined(size int64) []byte {
	if size > joinedRoom {
		return make([]byte, size)
	}
	if b, _ := beginnings.Get().(*[]byte); b != nil {
		return (*b)[:size]
	}
	return make([]byte, size, joinedRoom)
}

// release gives the blocks back.
func (g *gathered) release() {
	for _, one := range g.more {
		blocks.Put(one)
	}
}
