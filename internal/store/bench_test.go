package store_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"modicum/ledger"
	"modicum/ledger/ledgertest"
)

// BenchmarkAppend: 64 writers that each wait, real entries. limit is the same
// bytes in grouped inserts into one bare table, same settings; design.md 10 asks
// for half of it.
func BenchmarkAppend(b *testing.B) {
	b.Run("limit", benchLimit)
	b.Run("store", func(b *testing.B) {
		o := options(b)
		o.Interval = 0 // as in service: a second
		s := open(b, o)
		var n atomic.Int64
		writers(b, func() error {
			_, err := s.Append(bg, entry(int(n.Add(1))), nil)
			return err
		})
	})
}

// BenchmarkAppendAlone: one writer that waits.
func BenchmarkAppendAlone(b *testing.B) {
	o := options(b)
	o.Interval = 0 // as in service: a second
	s := open(b, o)
	n := 0
	for b.Loop() {
		n++
		if _, err := s.Append(bg, entry(n), nil); err != nil {
			b.Fatal(err)
		}
	}
}

// entry is a decision of about 600 bytes.
func entry(n int) ledger.Entry { return ledgertest.Decision(n) }

// writers runs do b.N times on 64 goroutines and reports rate and percentiles.
func writers(b *testing.B, do func() error) {
	const clients = 64
	var left atomic.Int64
	left.Store(int64(b.N))
	var mu sync.Mutex
	var all []time.Duration
	b.ResetTimer()
	var wg sync.WaitGroup
	for range clients {
		wg.Go(func() {
			var mine []time.Duration
			for left.Add(-1) >= 0 {
				t := time.Now()
				if err := do(); err != nil {
					b.Error(err)
					return
				}
				mine = append(mine, time.Since(t))
			}
			mu.Lock()
			all = append(all, mine...)
			mu.Unlock()
		})
	}
	wg.Wait()
	b.StopTimer()
	slices.Sort(all)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "entries/s")
	b.ReportMetric(float64(all[len(all)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(all[len(all)*99/100].Microseconds())/1000, "p99-ms")
}

func benchLimit(b *testing.B) {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(b.TempDir(), "limit.db")+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)&_pragma=wal_autocheckpoint(4000)&_pragma=cache_size(-32768)&_txlock=immediate")
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if _, err := db.Exec("create table t (pos integer primary key, body blob not null) strict"); err != nil {
		b.Fatal(err)
	}
	insert, err := db.Prepare("insert into t (pos, body) values ($1, $2)")
	if err != nil {
		b.Fatal(err)
	}
	type item struct {
		body []byte
		done chan error
	}
	in := make(chan item, 256)
	stop := make(chan struct{})
	go func() {
		pos := 0
		for {
			var batch []item
			select {
			case <-stop:
				return
			case i := <-in:
				batch = append(batch, i)
			}
			for idle := 0; len(batch) < 256 && idle < 3; {
				select {
				case i := <-in:
					batch, idle = append(batch, i), 0
				default:
					idle++
					runtime.Gosched()
				}
			}
			err := func() error {
				tx, err := db.Begin()
				if err != nil {
					return err
				}
				st := tx.StmtContext(context.Background(), insert)
				for _, i := range batch {
					pos++
					if _, err := st.Exec(pos, i.body); err != nil {
						return err
					}
				}
				return tx.Commit()
			}()
			for _, i := range batch {
				i.done <- err
			}
		}
	}()
	defer close(stop)
	var n atomic.Int64
	writers(b, func() error {
		body, err := ledger.Encode(entry(int(n.Add(1))))
		if err != nil {
			return err
		}
		i := item{body, make(chan error, 1)}
		in <- i
		return <-i.done
	})
}
