package store

import (
	"bytes"
	"context"
	"fmt"

	"modicum/ledger"
)

// Posted is what programs stated for one source: its last whole body, or lines
// since. Facts name patients, so they lie here and never in the record itself.
type Posted struct {
	Source string
	Whole  bool
	At     int64 // when they were learned, microseconds since 1970, UTC
	Lines  []PostedLine
}

// PostedLine is one line, without its end, and the key by which it replaces another.
type PostedLine struct {
	Key  string
	Text []byte
}

// KeepPosted keeps posted facts within an act, so that they and the entry that
// says who stated them are durable together or not at all.
func KeepPosted(ctx context.Context, tx ledger.Tx, posted []Posted) error {
	for i := range posted {
		if err := keepPosted(ctx, tx, &posted[i]); err != nil {
			return fmt.Errorf("store: keep posted facts: %w", err)
		}
	}
	return nil
}

func keepPosted(ctx context.Context, tx ledger.Tx, p *Posted) error {
	if p.Whole {
		if _, err := tx.Exec(ctx, "delete from posted_fact where source = $1", p.Source); err != nil {
			return err
		}
		var body []byte
		for _, l := range p.Lines {
			body = append(append(body, l.Text...), '\n')
		}
		return put(ctx, tx, p, 1, "", body)
	}
	for _, l := range p.Lines {
		if err := put(ctx, tx, p, 0, l.Key, l.Text); err != nil {
			return err
		}
	}
	return nil
}

func put(ctx context.Context, tx ledger.Tx, p *Posted, whole int64, key string, body []byte) error {
	if body == nil {
		body = []byte{}
	}
	_, err := tx.Exec(ctx, "insert into posted_fact (source, whole, key, at, body) values ($1, $2, $3, $4, $5) "+
		"on conflict (source, whole, key) do update set at = excluded.at, body = excluded.body", p.Source, whole, key, p.At, body)
	return err
}

// Posted returns what was kept, for a start.
func (s *Store) Posted(ctx context.Context) ([]Posted, error) {
	rows, err := s.read.QueryContext(ctx, "select source, whole, key, at, body from posted_fact order by source, whole desc, at, key")
	if err != nil {
		return nil, fmt.Errorf("store: read posted facts: %w", err)
	}
	defer rows.Close()
	var out []Posted
	for rows.Next() {
		var p Posted
		var l PostedLine
		if err := rows.Scan(&p.Source, &p.Whole, &l.Key, &p.At, &l.Text); err != nil {
			return nil, fmt.Errorf("store: read posted facts: %w", err)
		}
		n := len(out) - 1
		switch {
		case p.Whole:
			for text := range bytes.SplitSeq(bytes.TrimSuffix(l.Text, []byte{'\n'}), []byte{'\n'}) {
				p.Lines = append(p.Lines, PostedLine{Text: text})
			}
		case n >= 0 && out[n].Source == p.Source && !out[n].Whole && out[n].At == p.At:
			out[n].Lines = append(out[n].Lines, l)
			continue
		default:
			p.Lines = []PostedLine{l}
		}
		out = append(out, p)
	}
	return out, rows.Err()
}
