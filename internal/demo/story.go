package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"modicum/internal/gate"
	"modicum/internal/store"
	"modicum/ledger"
	"modicum/ledger/verify"
)

// cast is who stands in the story, and the head of their column.
var cast = []struct{ id, head string }{
	{"alice", "physician"}, {"nina", "nurse"}, {"bob", "billing"}, {"fay", "front desk"},
	{"ivan", "IT"}, {"rosa", "researcher"}, {"dan", "no relation"},
}

// tell tells the story on one screen.
func (d *demo) tell(ctx context.Context) error {
	if err := d.writeJSON(); err != nil {
		return err
	}
	d.print("%s\n", d.bold("Modicum: the least patient data for the task, at one FHIR address"))
	d.print("One patient (%s), asked for by seven people through %s/fhir\n\n", d.patient, d.public)
	if err := d.table(ctx); err != nil {
		return err
	}
	if err := d.oneAnswer(ctx); err != nil {
		return err
	}
	return d.invite()
}

func (d *demo) print(format string, args ...any) { fmt.Fprintf(d.Out, format, args...) }

func (d *demo) bold(s string) string {
	if !d.Color {
		return s
	}
	return "\x1b[1m" + s + "\x1b[0m"
}

// paint colours a padded word by what it says.
func (d *demo) paint(word, padded string) string {
	if !d.Color {
		return padded
	}
	color := map[string]string{kept: "32", masked: "33", last4: "33", notShown: "90", notThere: "90"}[word]
	return "\x1b[" + color + "m" + padded + "\x1b[0m"
}

func (d *demo) person(id string) *staff {
	i := slices.IndexFunc(d.people, func(p staff) bool { return p.ID == id })
	return &d.people[i]
}

// table prints what each of the cast gets.
func (d *demo) table(ctx context.Context) error {
	columns := make([][]string, len(cast))
	for i, c := range cast {
		words, err := d.see(ctx, d.person(c.id), d.patient)
		if err != nil {
			return err
		}
		columns[i] = words
	}
	d.print("%-23s", "")
	for _, c := range cast {
		d.print("%-11s", c.head)
	}
	d.print("\n")
	for r := range rows {
		d.print("%-23s", rows[r].title)
		for c := range cast {
			w := columns[c][r]
			d.print("%s", d.paint(w, fmt.Sprintf("%-11s", w)))
		}
		d.print("\n")
	}
	d.print("\n")
	return nil
}

// oneAnswer shows one real answer, why it is so, and the record of it.
func (d *demo) oneAnswer(ctx context.Context) error {
	bob := d.person("bob")
	a, err := d.ask(ctx, bob, "Patient/"+d.patient)
	if err != nil {
		return err
	}
	before, err := d.original(ctx, "Patient/"+d.patient)
	if err != nil {
		return err
	}
	text, err := json.Marshal(before)
	if err != nil {
		return err
	}
	d.print("%s\n  before %s\n  after  %s\n", d.bold("Billing asks GET /fhir/Patient/"+d.patient), short(text), short(a.body))
	entries, err := d.entries(ctx, a.decision)
	if err != nil {
		return err
	}
	if err := d.why(entries); err != nil {
		return err
	}
	return d.proof(ctx, a.decision)
}

// short cuts a text to one line of the screen.
func short(b []byte) string {
	s := []rune(string(bytes.ReplaceAll(b, []byte("\n"), nil)))
	if len(s) > 88 {
		return fmt.Sprintf("%s… (%d bytes)", string(s[:72]), len(b))
	}
	return string(s)
}

// entries waits for the record of a decision to be complete.
func (d *demo) entries(ctx context.Context, id string) ([]ledger.Entry, error) {
	for range 100 {
		records, err := d.server.Store().ByID(ctx, id)
		if err != nil && !errors.Is(err, ledger.ErrNotFound) {
			return nil, err
		}
		entries, err := decode(records)
		if err != nil {
			return nil, err
		}
		if len(entries) > 0 && entries[len(entries)-1].Header().Kind == ledger.KindOutcome {
			return entries, nil
		}
		time.Sleep(20 * time.Millisecond)
	}
	return nil, errors.New("the record of the answer is not complete after two seconds")
}

func decode(records []store.Record) ([]ledger.Entry, error) {
	var out []ledger.Entry
	for _, r := range records {
		e, err := r.Entry()
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, nil
}

// why derives the decision again from its record and says it in words.
func (d *demo) why(entries []ledger.Entry) error {
	r, err := gate.Replay(d.server.Generation().Set, entries)
	if err != nil {
		return err
	}
	if len(r.Differences) > 0 {
		return fmt.Errorf("the recorded decision cannot be derived again: %s", strings.Join(r.Differences, "; "))
	}
	d.print("  why    task %s for %s (%s)", r.Decision.Task, r.Decision.Purpose, r.Decision.PurposeCode)
	for _, v := range r.Verdicts {
		d.print("; covered by %s", strings.Join(v.Lines, ", "))
		if len(v.Bites) > 0 {
			d.print("; restricted by %s", strings.Join(v.Bites, ", "))
		}
	}
	d.print("\n         derived again from its record: agrees to the bit\n")
	return nil
}

// proof verifies the published record with the verifier that shares no code with
// its writer, then finds a changed byte in a copy.
func (d *demo) proof(ctx context.Context, id string) error {
	good, err := d.verified(ctx, id)
	if err != nil {
		return err
	}
	d.print("%s\n  %s: %d entries, %d decisions, signed by %s\n", d.bold("The record, verified without the server"), id, good.Entries, good.Kinds["decision"], good.Key)
	copied, err := os.MkdirTemp("", "modicum-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(copied)
	if err := os.CopyFS(copied, os.DirFS(d.server.Store().Folder())); err != nil {
		return err
	}
	path, err := flipByte(copied)
	if err != nil {
		return err
	}
	bad, err := verify.Log(ctx, verify.Folder(copied), verify.Options{Keys: []string{d.key.Public()}})
	if err != nil {
		return err
	}
	if bad.OK {
		return errors.New("a changed byte was not found")
	}
	d.print("  one byte changed in a copy (%s): found, %s\n\n", path, bad.Problem.What)
	return nil
}

// verified waits until the published folder holds the decision and is in order.
func (d *demo) verified(ctx context.Context, id string) (*verify.Result, error) {
	var last *verify.Result
	for range 60 {
		head, err := d.server.Store().Head(ctx)
		if err != nil {
			return nil, err
		}
		last, err = verify.Log(ctx, verify.Folder(d.server.Store().Folder()), verify.Options{Keys: []string{d.key.Public()}})
		if err == nil && last.OK && last.Size >= head.Size {
			return last, nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	if last != nil && last.Problem != nil {
		return nil, fmt.Errorf("the record of %s does not verify: %s", id, last.Problem.What)
	}
	return nil, errors.New("the record was not published within six seconds")
}

// flipByte changes a byte in the middle of the first entry bundle of a copy.
func flipByte(folder string) (string, error) {
	var bundle string
	err := filepath.Walk(filepath.Join(folder, "tile", "entries"), func(path string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() {
			bundle = path
		}
		return err
	})
	if err != nil || bundle == "" {
		return "", errors.Join(errors.New("no entries to change"), err)
	}
	b, err := os.ReadFile(bundle)
	if err != nil {
		return "", err
	}
	b[len(b)/2] ^= 1
	rel, _ := filepath.Rel(folder, bundle)
	return rel, os.WriteFile(bundle, b, 0o600)
}

// invite says how to try it.
func (d *demo) invite() error {
	d.print("%s\n", d.bold("Try it"))
	for _, try := range []struct{ id, path string }{
		{"bob", "Patient/" + d.patient}, {"nina", "Observation?patient=" + d.patient}, {"dan", "Patient/" + d.patient},
	} {
		p := d.person(try.id)
		d.print("  curl -s -H \"Authorization: Bearer $(%s)\" -H 'Modicum-Task: %s' '%s/fhir/%s'\n",
			"jq -r '.people[]|select(.id==\""+p.ID+"\").token' "+filepath.Join(d.Options.Dir, "demo.json"), p.Tasks[0], d.public, try.path)
	}
	d.print("  Page: %s/   Files: %s\n", d.public, d.Dir)
	if !d.Once {
		d.print("  Stop with Ctrl-C.\n")
	}
	return nil
}
