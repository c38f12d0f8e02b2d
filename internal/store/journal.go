package store

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"unsafe"

	"modicum/internal/defect"
	"modicum/internal/durable"
	"modicum/ledger"
)

// The journal is a file of fixed size in which a batch of entries is durable with one
// write and one sync, long before it lies in the database: see docs/ledger-format.md,
// section 10. It is written in two halves in turns. While one is filled, what lies in
// the other goes into the database.
const (
	halfSize    = 2 << 20
	journalSize = 2 * halfSize
	journalName = "modicum.journal"
	blockSize   = 4096 // frames begin at blocks, so that writing one cannot tear another
	frameHead   = 40   // bytes before a frame's checkpoint
)

var frameMagic = [8]byte{'m', 'o', 'd', 'i', 'c', 'u', 'm', 1}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// frame is a batch of entries and the signed tree that ends with them.
type frame struct {
	origin     int64
	first      int64 // position of its first entry, over all origins
	checkpoint []byte
	bodies     [][]byte
}

func (f *frame) end() int64 { return f.first + int64(len(f.bodies)) }

// appendFrame appends f, filled up to whole blocks.
func appendFrame(b []byte, f *frame) []byte {
	from := len(b)
	b = append(b, frameMagic[:]...)
	b = append(b, make([]byte, 8)...) // checksum and length, below
	b = binary.LittleEndian.AppendUint64(b, uint64(f.origin))
	b = binary.LittleEndian.AppendUint64(b, uint64(f.first))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(f.bodies)))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(f.checkpoint)))
	b = append(b, f.checkpoint...)
	for _, body := range f.bodies {
		b = ledger.AppendBundle(b, body)
	}
	binary.LittleEndian.PutUint32(b[from+12:], uint32(len(b)-from))
	binary.LittleEndian.PutUint32(b[from+8:], crc32.Checksum(b[from+12:], castagnoli))
	return append(b, make([]byte, blocks(len(b)-from)-(len(b)-from))...)
}

// size is how many bytes appendFrame appends.
func (f *frame) size() int {
	n := frameHead + len(f.checkpoint)
	for _, body := range f.bodies {
		n += 2 + len(body)
	}
	return blocks(n)
}

// frameSize is what a frame of such entries takes.
func frameSize(batch []*pending) int {
	n := frameHead + 1024 // a checkpoint has some two hundred bytes
	for _, p := range batch {
		n += 2 + len(p.body)
	}
	return blocks(n)
}

func blocks(n int) int { return (n + blockSize - 1) &^ (blockSize - 1) }

// parseFrame reads the frame at the beginning of b and how many bytes it takes; false
// where none lies there whole. What it returns points into b.
func parseFrame(b []byte) (f frame, size int, ok bool) {
	if len(b) < frameHead || [8]byte(b) != frameMagic {
		return f, 0, false
	}
	n := binary.LittleEndian.Uint32(b[12:])
	if n < frameHead || uint64(n) > uint64(len(b)) || crc32.Checksum(b[12:n], castagnoli) != binary.LittleEndian.Uint32(b[8:]) {
		return f, 0, false
	}
	f.origin, f.first = int64(binary.LittleEndian.Uint64(b[16:])), int64(binary.LittleEndian.Uint64(b[24:]))
	count, signed := binary.LittleEndian.Uint32(b[32:]), binary.LittleEndian.Uint32(b[36:])
	if uint64(signed) > uint64(n-frameHead) {
		return f, 0, false
	}
	f.checkpoint = b[frameHead : frameHead+signed : frameHead+signed]
	var err error
	if f.bodies, err = ledger.SplitBundle(b[frameHead+signed : n]); err != nil || len(f.bodies) != int(count) || count == 0 {
		return f, 0, false
	}
	return f, blocks(int(n)), true
}

// journal is the open file. The sequencer owns it once it runs.
type journal struct {
	f    *os.File
	sync func(*os.File) error // of what was written; nil where it is durable already
	buf  []byte               // at the border of a block, as writing past the page cache asks for
	half int
	off  int      // in the half
	ends [2]int64 // position after the last entry in each half
}

// openJournal opens the file or makes it. Its zeros are written and synced, so that no
// later sync has to write more than what a frame says. direct opens it past the page cache,
// or not at all.
func openJournal(dir string, sync func(*os.File) error, direct func(path string) *os.File) (*journal, error) {
	path := filepath.Join(dir, journalName)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	info, err := f.Stat()
	if err == nil && info.Size() < journalSize {
		_, err = f.WriteAt(make([]byte, journalSize-info.Size()), info.Size())
		err = errors.Join(err, f.Sync(), durable.Folder(dir))
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("store: make the journal: %w", err), f.Close())
	}
	if d := direct(path); d != nil {
		return &journal{f: d, sync: sync}, f.Close()
	}
	if sync == nil && !defect.On(defect.JournalUnsynced) {
		sync = syncData
	}
	return &journal{f: f, sync: sync}, nil
}

// aligned is room for n bytes that begins at the border of a block: b where it is enough.
func aligned(b []byte, n int) []byte {
	if cap(b) >= n {
		return b[:n]
	}
	b = make([]byte, n+blockSize)
	return b[-uintptr(unsafe.Pointer(&b[0]))&(blockSize-1):][:n:n]
}

// place finds room for n bytes: after the last frame, at the beginning of a half of
// which all lies in the database (up to position drained), or nowhere yet.
func (j *journal) place(n int, drained int64) bool {
	if j.ends[j.half] <= drained {
		j.off = 0
	}
	if j.off+n <= halfSize {
		return true
	}
	if other := 1 - j.half; n <= halfSize && j.ends[other] <= drained {
		j.half, j.off = other, 0
		return true
	}
	return false
}

// spell is how a frame is written; the next one takes its room.
func (j *journal) spell(f *frame) []byte {
	j.buf = appendFrame(aligned(j.buf, f.size())[:0], f)
	return j.buf
}

// write makes a frame durable at the place that was found. Only then does it move on.
func (j *journal) write(b []byte) error {
	if _, err := j.f.WriteAt(b, int64(j.half*halfSize+j.off)); err != nil {
		return err
	}
	if j.sync == nil {
		return nil
	}
	return j.sync(j.f)
}

// wrote moves on past a frame that is durable.
func (j *journal) wrote(n int, end int64) {
	j.off += n
	j.ends[j.half] = end
}

// errUnreadable: what was acknowledged cannot be read any more.
var errUnreadable = fmt.Errorf("%w: %s holds entries that cannot be read; keep a copy of it, take it out of the data folder, and go on under a new name with: modicum ledger continue", ErrDamaged, journalName)

// readJournal returns the frames of an origin that lie after the position next, in
// order. A frame that was cut short is left out where nothing was written after it:
// nobody was told that its entries are durable. Anywhere else it is ErrDamaged. Frames
// that begin beyond next come with ErrBehind.
func readJournal(dir string, origin, next int64) ([]frame, error) {
	b, err := journalBytes(dir)
	if err != nil {
		return nil, err
	}
	return framesOf(b, origin, next)
}

// journalBytes is what lies in the file; nil where there is none.
func journalBytes(dir string) ([]byte, error) {
	f, err := os.Open(filepath.Join(dir, journalName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, journalSize))
	if err != nil {
		return nil, fmt.Errorf("store: read the journal: %w", err)
	}
	return b, nil
}

func framesOf(b []byte, origin, next int64) (all []frame, behind error) {
	for half := range slices.Chunk(b, halfSize) {
		frames, err := framesOfHalf(half, origin, next)
		if err != nil {
			return nil, err
		}
		all = append(all, frames...)
	}
	slices.SortFunc(all, func(a, b frame) int { return int(a.first - b.first) })
	for i, f := range all {
		switch {
		case f.first == next:
		case f.first > next && behind != nil: // what lay between was in the database that is lost
		case f.first > next && i == 0:
			behind = fmt.Errorf("store: the database ends at entry %d, and %s goes on at %d: %w; if the database was restored from a backup, go on under a new name with: modicum ledger continue --origin NEW-NAME --reason TEXT", next, journalName, f.first, ErrBehind)
		default:
			return nil, errUnreadable
		}
		next = f.end()
	}
	return all, behind
}

// framesOfHalf reads frames as far as each follows the one before. What lies behind
// them is older, or was being written when the process ended.
func framesOfHalf(b []byte, origin, next int64) (out []frame, err error) {
	end, at := int64(-1), 0
	for at < len(b) {
		f, n, ok := parseFrame(b[at:])
		if !ok || f.origin != origin || end >= 0 && f.first != end {
			break
		}
		if end = f.end(); end > next {
			out = append(out, f)
		}
		at += n
	}
	for ; at < len(b); at += blockSize {
		if f, _, ok := parseFrame(b[at:]); ok && f.origin == origin && f.first >= max(next, end) {
			return nil, errUnreadable // written after one that was durable then
		}
	}
	return out, nil
}

// remove takes the file away: all that it held lies in the database.
func (j *journal) remove() error {
	path := j.f.Name()
	return errors.Join(j.f.Close(), os.Remove(path), durable.Folder(filepath.Dir(path)))
}

// runInJournal makes the first entries of a batch durable as one frame of the journal
// and returns the others: those before which something has to be looked up.
func (s *Store) runInJournal(batch []*pending) (rest []*pending) {
	if err := s.refusing(); err != nil {
		answer(batch, err)
		return nil
	}
	before := s.edge.Clone()
	kept, nodes, rest, err := s.takeInOrder(batch)
	if err != nil {
		s.ended(unanswered(batch), before, nil, err)
		return nil
	}
	var signed []byte
	if len(kept) > 0 {
		signed, err = s.writeFrame(kept)
	}
	if err == nil && len(kept) > 0 {
		for _, p := range kept {
			p.ctx = nil // it may hold a whole request
		}
		s.tail.add(kept, nodes, signed, s.edge.Size())
		wake(s.settler.wake)
	}
	s.ended(kept, before, signed, err)
	return rest
}

// takeInOrder adds entries to the tree, as many as can be taken together. Callers whose
// own entry cannot stand there are answered.
func (s *Store) takeInOrder(batch []*pending) (kept []*pending, nodes []ledger.Node, rest []*pending, err error) {
	ctx := context.Background()
	kept = make([]*pending, 0, len(batch))
	for i, p := range batch {
		if why := p.unwanted(); why != nil {
			p.fail(why) // nobody waits, nothing was done
			continue
		}
		if s.mustLookUp(p.head) {
			if len(kept) > 0 {
				return kept, nodes, batch[i:], nil // what is looked up has to lie there
			}
			if err := s.settleNow(ctx); err != nil {
				return nil, nil, nil, err
			}
		}
		own, err := s.inOrder(ctx, s.read, p.head)
		if err == nil && own == nil {
			own, err = s.unused(ctx, nil, kept, p.head)
		}
		if err != nil {
			return nil, nil, nil, err
		}
		if own != nil {
			p.fail(own)
			continue
		}
		nodes = s.grow(p, nodes)
		kept = append(kept, p)
	}
	return kept, nodes, nil, nil
}

// unused holds that no decision or act has the id of another. Of what belongs to a
// decision inOrder holds it. tx is one in which all that was acknowledged lies, or nil.
func (s *Store) unused(ctx context.Context, tx *sql.Tx, batch []*pending, h ledger.Header) (own, err error) {
	if part(h) != 0 {
		return nil, nil
	}
	there := slices.ContainsFunc(batch, func(p *pending) bool { return p.head.ID == h.ID && part(p.head) == 0 })
	if !there {
		if there, err = s.there(ctx, tx, h.ID); err != nil {
			return nil, fmt.Errorf("look up an id: %w", err)
		}
	}
	if there {
		return fmt.Errorf("append: a %s with this id and number is there already: %w", h.Kind, ledger.ErrOrder), nil
	}
	return nil, nil
}

// writeFrame signs the tree and makes the entries durable with it.
func (s *Store) writeFrame(batch []*pending) (signed []byte, err error) {
	if signed, err = s.sign(); err != nil {
		return nil, err
	}
	f := frame{origin: s.origin.n, first: batch[0].pos, checkpoint: signed, bodies: make([][]byte, len(batch))}
	for i, p := range batch {
		f.bodies[i] = p.body
	}
	j := s.journal
	b := j.spell(&f)
	half := j.half
	if !j.place(len(b), s.drained.Load()) {
		// The database does not follow. Wait for it: what is acknowledged has to lie somewhere.
		if err := s.settleNow(context.Background()); err != nil {
			return nil, err
		}
		if !j.place(len(b), s.drained.Load()) {
			return nil, errors.New("the journal has no room")
		}
	}
	if j.half != half {
		wake(s.settler.full)
	}
	if err := s.within("write the journal", func() error { return j.write(b) }); err != nil {
		return nil, err
	}
	j.wrote(len(b), f.end())
	return signed, nil
}
