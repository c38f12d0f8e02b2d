package ledger

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// PublisherConfig is what a Publisher is made of. Folder, Source and Keys must
// be set.
type PublisherConfig struct {
	Folder   string        // where the files go; made with mode 0700 when missing
	Source   Source        // the authority
	Keys     []string      // verification keys of the log
	Interval time.Duration // least time between two checkpoints; 0 means 1 second
	Log      *slog.Logger  // nil discards
}

// Publisher writes a log's checkpoint, tiles and bundles to a folder: whole
// files only, each written beside its place, synced and renamed. A checkpoint
// appears after everything that it covers.
type Publisher struct {
	cfg       PublisherConfig
	wake      chan struct{}
	stop      context.CancelFunc
	done      chan struct{}
	published atomic.Pointer[published]
	failure   atomic.Pointer[error]
	begun     bool     // owned by publish: it has run once
	stale     []string // owned by publish: partial tiles of the checkpoint before
}

// published is what the folder holds.
type published struct {
	head       Head
	checkpoint []byte
}

// NewPublisher brings the folder up to the source, then follows it on a
// goroutine of its own until Close. A folder that is ahead of the source, or
// that belongs to another log, is left alone and is an error.
func NewPublisher(ctx context.Context, cfg PublisherConfig) (*Publisher, error) {
	if cfg.Interval == 0 {
		cfg.Interval = time.Second
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	p := &Publisher{cfg: cfg, wake: make(chan struct{}, 1), done: make(chan struct{})}
	if err := p.adopt(ctx); err != nil {
		return nil, err
	}
	if err := p.publish(ctx); err != nil {
		return nil, err
	}
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	p.stop = stop
	go p.run(run)
	return p, nil
}

// Wake tells that the source has grown. It never waits.
func (p *Publisher) Wake() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// Published is the newest checkpoint in the folder.
func (p *Publisher) Published() []byte { return p.published.Load().checkpoint }

// Size is how many entries the tree of that checkpoint has.
func (p *Publisher) Size() int64 { return p.published.Load().head.Size }

// Err is why the last attempt to publish failed; nil when it did not.
func (p *Publisher) Err() error {
	if e := p.failure.Load(); e != nil {
		return *e
	}
	return nil
}

// Close publishes what is left and stops.
func (p *Publisher) Close(ctx context.Context) error {
	p.stop()
	<-p.done
	return p.publish(ctx)
}

func (p *Publisher) run(ctx context.Context) {
	defer close(p.done)
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.wake:
		}
		err := p.publish(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			// The store stays the authority: a folder that cannot be written is
			// an alarm and stops nobody. Try again without being woken.
			p.cfg.Log.LogAttrs(ctx, slog.LevelError, "ledger folder not written", slog.Any("error", err))
			p.Wake()
		}
		p.failure.Store(&err)
		pause := time.NewTimer(p.cfg.Interval)
		select {
		case <-ctx.Done():
			pause.Stop()
			return
		case <-pause.C:
		}
	}
}

// adopt looks at what the folder holds from an earlier run.
func (p *Publisher) adopt(ctx context.Context) error {
	if err := os.MkdirAll(p.cfg.Folder, 0o700); err != nil {
		return fmt.Errorf("ledger folder: %w", err)
	}
	p.published.Store(&published{})
	cp, err := os.ReadFile(p.file("checkpoint"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("ledger folder: %w", err)
	}
	now, _, err := p.current(ctx)
	if err != nil {
		return err
	}
	then, _, err := OpenCheckpoint(cp, p.cfg.Keys...)
	if err != nil || then.Origin != now.Origin {
		return fmt.Errorf("ledger folder %s holds the checkpoint of another log: %w", p.cfg.Folder, ErrBadCheckpoint)
	}
	if err := CheckGrowth(ctx, p.cfg.Source, now, then); err != nil {
		return fmt.Errorf("ledger folder %s: %w", p.cfg.Folder, err)
	}
	have := then
	if have.Size > 0 {
		have.Size = p.intact(then.Size)
	}
	p.published.Store(&published{head: have, checkpoint: cp})
	return nil
}

// intact returns how many entries the folder's full tiles cover without a hole,
// so that lost files are written again. It looks at names and lengths;
// verifying the bytes is package verify's work.
func (p *Publisher) intact(size int64) int64 {
	for n := int64(0); n < size/TileWidth; n++ {
		tile, err := os.Stat(p.file(TilePath(0, n, TileWidth)))
		if err != nil || tile.Size() != TileWidth*32 {
			return n * TileWidth
		}
		if b, err := os.Stat(p.file(BundlePath(n, TileWidth))); err != nil || b.Size() == 0 {
			return n * TileWidth
		}
	}
	for level := 1; size>>(TileHeight*level) > 0; level++ {
		for n := int64(0); n < size>>(TileHeight*level)/TileWidth; n++ {
			if t, err := os.Stat(p.file(TilePath(level, n, TileWidth))); err != nil || t.Size() != TileWidth*32 {
				return n << (TileHeight * (level + 1))
			}
		}
	}
	return size
}

func (p *Publisher) file(path string) string {
	return filepath.Join(p.cfg.Folder, filepath.FromSlash(path))
}

func (p *Publisher) current(ctx context.Context) (Head, []byte, error) {
	cp, err := p.cfg.Source.Checkpoint(ctx)
	if err != nil {
		return Head{}, nil, fmt.Errorf("publish: read checkpoint: %w", err)
	}
	h, _, err := OpenCheckpoint(cp, p.cfg.Keys...)
	if err != nil {
		return Head{}, nil, fmt.Errorf("publish: %w", err)
	}
	return h, cp, nil
}

// publish writes what the folder lacks. Callers do not overlap: NewPublisher,
// then run, then Close.
func (p *Publisher) publish(ctx context.Context) error {
	head, cp, err := p.current(ctx)
	if err != nil {
		return err
	}
	was := p.published.Load()
	if p.begun && string(was.checkpoint) == string(cp) {
		return nil
	}
	var partials []string
	files := batch{touched: map[string]bool{}}
	put := func(path string, width int, b []byte) error {
		if width < TileWidth {
			partials = append(partials, path)
		}
		return files.put(p.file(path), b)
	}
	err = missingTiles(was.head.Size, head.Size, !p.begun, func(level int, n int64, width int) error {
		b, err := p.cfg.Source.Tile(ctx, level, n, width)
		if err == nil {
			err = put(TilePath(level, n, width), width, b)
		}
		if err != nil || level > 0 {
			return err
		}
		if b, err = p.cfg.Source.Bundle(ctx, n, width); err != nil {
			return err
		}
		return put(BundlePath(n, width), width, b)
	})
	if err = errors.Join(err, files.end()); err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	if err := writeFile(p.file("checkpoint"), cp); err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	p.begun = true
	p.published.Store(&published{head: head, checkpoint: cp})
	p.tidy(partials)
	return nil
}

// missingTiles calls write for each tile that a tree of size to has and one of
// size from lacks; with edge, for the partial tiles that both have as well.
func missingTiles(from, to int64, edge bool, write func(level int, n int64, width int) error) error {
	for level := 0; to>>(TileHeight*level) > 0; level++ {
		a, b := from>>(TileHeight*level), to>>(TileHeight*level)
		if a == b && !edge {
			continue
		}
		for n := a / TileWidth; n*TileWidth < b; n++ {
			if err := write(level, n, tileWidth(level, n, to)); err != nil {
				return err
			}
		}
	}
	return nil
}

// tidy removes partial tiles that neither the newest checkpoint nor the one
// before needs: whoever copies the folder while it changes still finds theirs.
func (p *Publisher) tidy(now []string) {
	keep := map[string]bool{}
	for _, path := range append(p.stale, now...) {
		keep[path] = true
	}
	for _, path := range now {
		dir := filepath.Dir(p.file(path)) // NNN.p
		p.sweep(dir, keep)
		// The tile before this one has become full; its partials linger.
		p.sweep(previousPartial(dir), keep)
	}
	p.stale = now
}

func (p *Publisher) sweep(dir string, keep map[string]bool) {
	names, err := os.ReadDir(dir)
	if err != nil {
		return // nothing there
	}
	for _, f := range names {
		rel, err := filepath.Rel(p.cfg.Folder, filepath.Join(dir, f.Name()))
		if err == nil && !keep[filepath.ToSlash(rel)] {
			os.Remove(filepath.Join(dir, f.Name()))
		}
	}
	os.Remove(dir) // succeeds only when empty
}

// previousPartial names the folder of partials of the tile before; within the
// same thousand, which is where lingering ones are but for one in a thousand.
func previousPartial(dir string) string {
	base := strings.TrimSuffix(filepath.Base(dir), ".p")
	n, err := strconv.Atoi(base)
	if err != nil || n == 0 {
		return filepath.Join(dir, "none")
	}
	return filepath.Join(filepath.Dir(dir), fmt.Sprintf("%03d.p", n-1))
}
