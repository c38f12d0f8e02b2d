package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"maps"
	"math"
	"slices"
	"sync"

	"modicum/ledger"
)

const (
	segmentBits = 13
	segmentSize = 1 << segmentBits // positions
	maxTerms    = 8192             // remembered before they are written
	buckets     = 64               // into which the names of a run are parted
)

// terms say whom the newest entries name, as far as the index lacks them. They are
// written in runs, some thousand at once: a run is a row for each bucket, in which each
// name stands once, so that a search reads one row of each run.
type terms struct {
	mu    sync.Mutex         // guards all; whoever holds Store.db alone changes them
	at    map[string][]int64 // by position
	count int
	first int64 // position of the first entry that was noted since the last run, and
	next  int64 // after the last one
}

// note remembers what durable entries name.
func (t *terms) note(entries []*pending) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, p := range entries {
		t.add(p.pos, &p.head)
	}
}

func (t *terms) add(pos int64, h *ledger.Header) {
	if t.at == nil {
		t.at, t.first = map[string][]int64{}, pos
	}
	t.next = pos + 1
	if h.Who != "" {
		t.name("w:"+h.Who, pos)
	}
	for _, ref := range h.Patients {
		t.name("p:"+ref, pos)
	}
	for _, id := range h.Grants {
		t.name("g:"+id, pos)
	}
}

func (t *terms) name(name string, pos int64) {
	at := t.at[name]
	if n := len(at); n > 0 && at[n-1] == pos {
		return // the entry has it twice
	}
	t.at[name] = append(at, pos)
	t.count++
}

// find returns the positions that have a name, as far as the index lacks them.
func (t *terms) find(name string) []int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.at[name])
}

// write puts what is remembered into the index, once that is enough, and reports whether
// it did; forget is called when it is durable.
func (t *terms) write(ctx context.Context, insert *sql.Stmt) (bool, error) {
	if t.count < maxTerms { // nobody changes them meanwhile: the caller holds Store.db
		return false, nil
	}
	r := run{first: t.first, rows: map[slot][]byte{}}
	for name, at := range t.at {
		r.add(name, at)
	}
	if err := r.write(ctx, insert, t.next-1); err != nil {
		return false, fmt.Errorf("write index: %w", err)
	}
	return true, nil
}

// forget forgets what the index has now.
func (t *terms) forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.at, t.count = nil, 0
}

// recall reads again what the index lacks.
func (t *terms) recall(ctx context.Context, db *sql.DB) error {
	var from int64
	if err := db.QueryRowContext(ctx, "select coalesce(max(first), -1) + 1 from ledger_run where bucket = -1").Scan(&from); err != nil {
		return fmt.Errorf("store: read what the index lacks: %w", err)
	}
	var again terms
	l := leafing{q: db}
	err := l.bodies(ctx, from, math.MaxInt64, func(pos int64, body []byte) error {
		e, err := ledger.Decode(body)
		if err != nil {
			return fmt.Errorf("%w: entry at position %d: %w", ErrDamaged, pos, err)
		}
		h := e.Header()
		again.add(pos, &h)
		return nil
	})
	if err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.at, t.count, t.first, t.next = again.at, again.count, again.first, again.next
	return nil
}

// slot is where a row of a run lies.
type slot struct{ bucket, seg int64 }

// run is what is written of some entries, the first of which lies at first. A row holds
// names, each with its length before it, how many positions have it, and these, counted
// from the beginning of the segment, in two bytes, little-endian; the other numbers are
// varints.
type run struct {
	first int64
	rows  map[slot][]byte
}

func bucketOf(name string) int64 {
	return int64(crc32.Checksum([]byte(name), castagnoli) % buckets)
}

// add takes a name and the positions that have it, in order.
func (r *run) add(name string, at []int64) {
	for len(at) > 0 {
		seg := at[0] >> segmentBits
		n := 1
		for n < len(at) && at[n]>>segmentBits == seg {
			n++
		}
		where := slot{bucketOf(name), seg}
		row := binary.AppendUvarint(r.rows[where], uint64(len(name)))
		row = binary.AppendUvarint(append(row, name...), uint64(n))
		for _, pos := range at[:n] {
			row = binary.LittleEndian.AppendUint16(row, uint16(pos-seg<<segmentBits))
		}
		r.rows[where], at = row, at[n:]
	}
}

const insertRun = "insert into ledger_run (bucket, seg, first, terms) values ($1, $2, $3, $4) on conflict (bucket, seg, first) do update set terms = excluded.terms"

// write writes the rows, and that the index is whole up to a position.
func (r *run) write(ctx context.Context, insert *sql.Stmt, whole int64) error {
	for _, where := range slices.SortedFunc(maps.Keys(r.rows), slot.compare) {
		if _, err := insert.ExecContext(ctx, where.bucket, where.seg, max(r.first, where.seg<<segmentBits), r.rows[where]); err != nil {
			return err
		}
	}
	_, err := insert.ExecContext(ctx, -1, 0, whole, []byte{})
	return err
}

func (a slot) compare(b slot) int {
	return cmp.Or(cmp.Compare(a.bucket, b.bucket), cmp.Compare(a.seg, b.seg))
}

// positions appends those that a row has of a name, by position.
func positions(at []int64, seg int64, row []byte, name string) ([]int64, error) {
	for len(row) > 0 {
		long, n := binary.Uvarint(row)
		if n <= 0 || uint64(len(row)-n) < long {
			return nil, errIndex
		}
		its := row[n:][:long]
		row = row[n:][long:]
		count, n := binary.Uvarint(row)
		if n <= 0 || uint64(len(row)-n)/2 < count {
			return nil, errIndex
		}
		if string(its) == name {
			for pos := range slices.Chunk(row[n:][:2*count], 2) {
				at = append(at, seg<<segmentBits+int64(binary.LittleEndian.Uint16(pos)))
			}
			return at, nil
		}
		row = row[n:][2*count:]
	}
	return at, nil
}

var errIndex = fmt.Errorf("%w: a row of the index cannot be read", ErrDamaged)
