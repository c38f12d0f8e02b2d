package demo

import (
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"modicum/internal/store"
	"modicum/ledger"
)

// ledgerView is the end of the record, and how to check it.
type ledgerView struct {
	Entries     []entryView
	Grows       bool  // by looking at the page
	Size        int64 // of the log in force
	Origin      string
	Root        string // of the newest signed checkpoint
	Signed      int64  // entries that it covers
	Folder, Key string
}

type entryView struct{ At, Kind, Who, What, Effect, ID string }

// newestCount is how many entries the page shows.
const newestCount = 14

// newest is nil where the record cannot be read.
func (d *demo) newest(ctx context.Context) *ledgerView {
	s := d.server.Store()
	head, err := s.Head(ctx)
	if err != nil {
		return nil
	}
	records, err := s.Search(ctx, store.Query{Newest: true, Limit: newestCount})
	if err != nil {
		return nil
	}
	out := &ledgerView{Grows: d.Upstream == "", Size: head.Size, Origin: head.Origin, Folder: s.Folder(), Key: d.key.Public()}
	out.checkpoint()
	for _, r := range records {
		if e, err := r.Entry(); err == nil {
			out.Entries = append(out.Entries, entryOf(e))
		}
	}
	return out
}

// checkpoint reads the newest published head, signature checked.
func (v *ledgerView) checkpoint() {
	text, err := os.ReadFile(filepath.Join(v.Folder, "checkpoint"))
	if err != nil {
		return
	}
	if head, _, err := ledger.OpenCheckpoint(text, v.Key); err == nil {
		v.Root, v.Signed = base64.StdEncoding.EncodeToString(head.Root[:]), head.Size
	}
}

func entryOf(e ledger.Entry) entryView {
	h := e.Header()
	out := entryView{At: time.UnixMicro(h.At).UTC().Format("15:04:05.000"), Kind: string(h.Kind), Who: h.Who, ID: h.ID, Effect: string(h.Effect)}
	switch e := e.(type) {
	case *ledger.Decision:
		out.What = strings.Join(append([]string{h.Task, e.Interaction}, e.Asked[:min(1, len(e.Asked))]...), " ")
		if h.Effect == ledger.Refuse {
			out.Effect = "refuse: " + strings.Join(e.Reasons, ", ")
		}
	case *ledger.Opened:
		out.What = "durable before the answer leaves"
	case *ledger.Outcome:
		out.Effect = string(e.End)
		out.What = fmt.Sprintf("%d shown, %d withheld", e.Counts.Shown, e.Counts.Withheld)
	case *ledger.Act:
		out.What = e.Act
	}
	return out
}
