package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"modicum/ledger"
)

// Record is an entry as it is stored.
type Record struct {
	Pos    int64  // over all origins of this store, from 0
	Origin string // the log that it is in
	Index  int64  // in the tree of that log, from 0
	Body   []byte // canonical JSON, the hashed bytes
}

// Entry decodes the record.
func (r Record) Entry() (ledger.Entry, error) { return ledger.Decode(r.Body) }

// Query says which entries are wanted; what is empty does not restrict. Who,
// role, task and effect are those of an entry's decision, so that they find what
// was opened as well.
type Query struct {
	Who, Role, Task string
	Tasks           []string // decisions of any of these tasks, alone or beside others
	Patient         string   // keyed reference
	Grant           string   // decisions under which it might count
	Kind            ledger.Kind
	Effect          ledger.Effect
	From, To        int64 // microseconds since 1970, UTC; To is exclusive, 0 is open
	Newest          bool  // newest first
	After           int64 // go on after this position, as counted by a Record's Pos + 1; 0 starts
	Limit           int   // 0 means 100, at most 10,000
}

const recordColumns = "select e.pos, o.name, e.pos - o.first, e.body from ledger_entry e join ledger_origin o on o.origin = (select max(origin) from ledger_origin where first <= e.pos) "

// Search returns entries in the order they were taken, or newest first.
func (s *Store) Search(ctx context.Context, q Query) ([]Record, error) {
	if err := s.settledWhole(ctx); err != nil { // before the newest are looked for in memory
		return nil, err
	}
	var w where
	from := recordColumns
	names := []struct{ table, prefix, value string }{{"e", "p:", q.Patient}, {"e", "g:", q.Grant}}
	d := "e"
	if q.Who != "" || q.Role != "" || q.Task != "" || q.Effect != "" || len(q.Tasks) > 0 {
		// Decisions and acts are their own part 0.
		from += "join ledger_entry d on d.id = e.id and d.part = 0 "
		d = "d"
	}
	for _, n := range append(names, struct{ table, prefix, value string }{d, "w:", q.Who}) {
		if n.value == "" {
			continue
		}
		at, err := s.having(ctx, n.prefix+n.value)
		if err != nil {
			return nil, err
		}
		w.and(n.table+".pos in "+anyOfList, list(at))
	}
	w.text(d+".role", q.Role)
	w.text(d+".task", q.Task)
	w.anyWord(d+".task", q.Tasks)
	w.text(d+".effect", string(q.Effect))
	w.text("e.kind", string(q.Kind))
	if q.From != 0 {
		w.and("e.at >= $%d", q.From)
	}
	if q.To != 0 {
		w.and("e.at < $%d", q.To)
	}
	order := "e.pos"
	if q.Newest {
		order = "e.pos desc"
		if q.After > 0 {
			w.and("e.pos < $%d", q.After-1)
		}
	} else if q.After > 0 {
		w.and("e.pos >= $%d", q.After)
	}
	limit := q.Limit
	if limit <= 0 {
		limit = 100
	}
	return s.records(ctx, from+w.sql()+fmt.Sprintf(" order by %s limit %d", order, min(limit, 10000)), w.args...)
}

// where collects conditions and their arguments.
type where struct {
	conds []string
	args  []any
}

func (w *where) and(format string, arg any) {
	w.args = append(w.args, arg)
	w.conds = append(w.conds, fmt.Sprintf(format, len(w.args)))
}

func (w *where) text(column, value string) {
	if value != "" {
		w.and(column+" = $%d", value)
	}
}

// anyWord restricts to rows whose column, words with a blank between, holds one
// of the words.
func (w *where) anyWord(column string, words []string) {
	if len(words) == 0 {
		return
	}
	var any []string
	for _, word := range words {
		w.args = append(w.args, "% "+word+" %")
		any = append(any, fmt.Sprintf("' ' || %s || ' ' like $%d", column, len(w.args)))
	}
	w.conds = append(w.conds, "("+strings.Join(any, " or ")+")")
}

// having returns the positions of all entries that have a name.
func (s *Store) having(ctx context.Context, name string) ([]int64, error) {
	at := s.terms.find(name) // before the index: what leaves memory is there by then
	rows, err := s.read.QueryContext(ctx, "select seg, terms from ledger_run where bucket = $1", bucketOf(name))
	if err != nil {
		return nil, fmt.Errorf("store: read the index: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var seg int64
		var row sql.RawBytes
		if err := rows.Scan(&seg, &row); err != nil {
			return nil, fmt.Errorf("store: read the index: %w", err)
		}
		if at, err = positions(at, seg, row, name); err != nil {
			return nil, err
		}
	}
	slices.Sort(at)
	return slices.Compact(at), rows.Err()
}

func (w *where) sql() string {
	if len(w.conds) == 0 {
		return ""
	}
	return "where " + strings.Join(w.conds, " and ")
}

// ByID returns the entries of one decision, or the one act, in order;
// ledger.ErrNotFound when there are none.
func (s *Store) ByID(ctx context.Context, id string) ([]Record, error) {
	r, err := s.records(ctx, recordColumns+"where e.id = $1 order by e.pos", id)
	if err == nil && len(r) == 0 {
		err = ledger.ErrNotFound
	}
	return r, err
}

// Range returns up to limit entries from a position on.
func (s *Store) Range(ctx context.Context, from int64, limit int) ([]Record, error) {
	return s.records(ctx, recordColumns+"where e.pos >= $1 order by e.pos limit $2", from, limit)
}

func (s *Store) records(ctx context.Context, query string, args ...any) ([]Record, error) {
	if err := s.settledWhole(ctx); err != nil {
		return nil, err
	}
	rows, err := s.read.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("store: read the record: %w", err)
	}
	defer rows.Close()
	var out []Record
	for rows.Next() {
		var r Record
		if err := rows.Scan(&r.Pos, &r.Origin, &r.Index, &r.Body); err != nil {
			return nil, fmt.Errorf("store: read the record: %w", err)
		}
		out = append(out, r)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("store: read the record: %w", err)
	}
	return out, nil
}

// Prove makes the proof of the entry that records the decision or act id. Only
// entries of the origin in force can be proved from here; those of an earlier
// one from the folder that was kept.
func (s *Store) Prove(ctx context.Context, id string) (*ledger.Proof, error) {
	if err := s.settledWhole(ctx); err != nil {
		return nil, err
	}
	var pos int64
	err := s.read.QueryRowContext(ctx, "select pos from ledger_entry where id = $1 and part = 0", id).Scan(&pos)
	if errors.Is(err, sql.ErrNoRows) || err == nil && pos < s.origin.first {
		return nil, fmt.Errorf("prove: %w", ledger.ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("prove: %w", err)
	}
	return ledger.Prove(ctx, s, pos-s.origin.first, s.opts.Keys...)
}
