package facts

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// file is what is known of one file of facts.
type file struct {
	size     int64
	modified time.Time
	seen     bool // this size and time were seen by the poll before: it has settled
	hash     [32]byte
	read     bool // hash is that of what was read last, accepted or refused
	gone     bool
	sources  []int // that it spoke for when it was last accepted
}

// every is how often files are looked at.
const every = 500 * time.Millisecond

// WatchFiles reads the files of the globs and then looks for changes twice a
// second, until ctx ends. report, when not nil, is told the problems of each
// file that is refused, once for each version of it.
func (s *Store) WatchFiles(ctx context.Context, globs []string, report func(Problems)) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if ps := s.ReadFiles(globs, false); len(ps) > 0 && report != nil {
			report(ps)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// ReadFiles looks at the files once and takes those that changed, each whole or
// not at all. now takes also what was first seen this moment; otherwise a changed
// file is read when it has kept size and time for one more look, so that a file
// that is being written is not taken for a finished one.
func (s *Store) ReadFiles(globs []string, now bool) Problems {
	s.mu.Lock()
	defer s.mu.Unlock()
	paths, problems := expand(globs)
	var changes []change
	for _, path := range paths {
		c, ps := s.look(path, now)
		changes, problems = append(changes, c...), append(problems, ps...)
	}
	for path, f := range s.files {
		if slices.Contains(paths, path) || f.gone {
			continue
		}
		*f = file{gone: true, sources: f.sources}
		problems = append(problems, Problem{File: path, Text: "the file is gone: nothing of it permits any more, its restrictions stay until the server starts anew"})
		changes = append(changes, s.failed(path, f, "its file is gone", true)...)
	}
	if len(changes) > 0 {
		s.apply(changes)
	}
	return problems
}

func expand(globs []string) ([]string, Problems) {
	var paths []string
	var problems Problems
	for _, g := range globs {
		found, err := filepath.Glob(g)
		if err != nil {
			problems = append(problems, Problem{File: g, Text: "is not a pattern of file names"})
		}
		paths = append(paths, found...)
	}
	slices.Sort(paths)
	return slices.Compact(paths), problems
}

// look decides whether the file is to be read, and reads it.
func (s *Store) look(path string, now bool) ([]change, Problems) {
	f := s.files[path]
	if f == nil {
		f = &file{}
		s.files[path] = f
	}
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		if f.gone {
			return nil, nil
		}
		*f = file{gone: true, sources: f.sources}
		return s.failed(path, f, "its file cannot be read", true), Problems{{File: path, Text: "cannot be read as a regular file"}}
	}
	same := info.Size() == f.size && info.ModTime().Equal(f.modified) && !f.gone
	if same && f.read {
		return nil, nil
	}
	settled := same && f.seen
	f.size, f.modified, f.seen, f.gone = info.Size(), info.ModTime(), true, false
	if !settled && !now {
		f.read = false
		return nil, nil
	}
	return s.take(path, f)
}

// take reads the file. Its hash spares a new Index when only its time changed
// and it says by `whole` how old it is.
func (s *Store) take(path string, f *file) ([]change, Problems) {
	clock, _ := s.now()
	p := parser{voc: s.idx.Load().voc, now: clock, seed: s.seed, file: path, ended: true}
	out, hash, problems := readFile(path, f, &p)
	refused := f.read && hash == f.hash && len(problems) > 0
	f.read, f.hash = true, hash
	if len(problems) > 0 {
		if refused {
			problems = nil // this version was reported before
		}
		for i := range p.out.parts { // sources it would have spoken for are broken, too
			if src := p.out.parts[i].source; !slices.Contains(f.sources, src) {
				f.sources = append(f.sources, src)
			}
		}
		return s.failed(path, f, fmt.Sprintf("%s was refused, the facts before it stay", filepath.Base(path)), false), problems
	}
	return s.accepted(path, f, out, clock), nil
}

func readFile(path string, f *file, p *parser) (batch, [32]byte, Problems) {
	fail := func(text string) (batch, [32]byte, Problems) {
		return batch{}, [32]byte{}, Problems{{File: path, Text: text}}
	}
	in, err := os.Open(path)
	if err != nil {
		if errors.Is(err, fs.ErrPermission) {
			return fail("cannot be opened: permission denied")
		}
		return fail("cannot be opened")
	}
	defer in.Close()
	if f.size > maxFile {
		return fail(fmt.Sprintf("is larger than %d bytes", int64(maxFile)))
	}
	sum := sha256.New()
	out, problems := p.parse(io.TeeReader(io.LimitReader(in, maxFile), sum))
	after, err := in.Stat()
	if err != nil || after.Size() != f.size || !after.ModTime().Equal(f.modified) {
		f.read = false
		return fail("changed while it was read; it is read again")
	}
	return out, [32]byte(sum.Sum(nil)), problems
}

// accepted makes the changes of a file: one for each source that it speaks for,
// and an empty one for each that it spoke for before.
func (s *Store) accepted(path string, f *file, out batch, now time.Time) []change {
	var changes []change
	var sources []int
	for _, part := range out.parts {
		c := change{name: "file:" + path, source: part.source, replace: true, add: part.rows, learned: seconds(earlier(f.modified, now))}
		if !part.whole.IsZero() {
			c.whole = seconds(part.whole)
			c.learned = c.whole
		}
		changes, sources = append(changes, c), append(sources, part.source)
	}
	for _, src := range f.sources {
		if !slices.Contains(sources, src) {
			changes = append(changes, change{name: "file:" + path, source: src, replace: true, learned: seconds(earlier(f.modified, now))})
		}
	}
	f.sources = sources
	return changes
}

// failed marks the sources of a file that could not be taken.
func (s *Store) failed(path string, f *file, why string, gone bool) []change {
	var changes []change
	for _, src := range f.sources {
		changes = append(changes, change{name: "file:" + path, source: src, broken: why, gone: gone})
	}
	return changes
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// seconds rounds down and is never zero, which stands for unknown.
func seconds(t time.Time) uint32 { return uint32(max(1, min(t.Unix(), noEnd-1))) }

// CheckFile reads facts without taking them: for `facts import` and checks.
func CheckFile(voc *Vocabulary, name string, r io.Reader, now time.Time) (int, Problems) {
	s := newSegment(NewSeed())
	p := parser{voc: voc, now: now, seed: s.seed, file: strings.TrimSpace(name), ended: true}
	_, problems := p.parse(r)
	return p.facts, problems
}
