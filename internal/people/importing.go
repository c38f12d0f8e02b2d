package people

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
)

// Bounds of a file of people.
const (
	mostImported = 20_000  // people
	mostFile     = 8 << 20 // bytes
)

// Row is one person of a file, as NDJSON writes it; CSV has the same names in its first
// line, and roles separated by blanks.
type Row struct {
	ID         string   `json:"id,omitempty"`
	UserName   string   `json:"user_name"`
	Name       string   `json:"name"`
	Mail       string   `json:"mail,omitempty"`
	Title      string   `json:"title,omitempty"`
	Department string   `json:"department,omitempty"`
	Facility   string   `json:"facility,omitempty"`
	Manager    string   `json:"manager,omitempty"` // id or user name, also of a later row
	Roles      []string `json:"roles,omitempty"`
}

// Imported says what a file of people did, or would do.
type Imported struct {
	Added    int
	There    []string // user names that there are already, left as they are
	Proposed int      // roles that wait for a second person
	New      []Row    // who is added, in the order of the file
}

// FormatOf tells the format of a file of people by how it begins.
func FormatOf(file []byte) string {
	if at := bytes.TrimLeft(bytes.TrimPrefix(file, []byte("\xef\xbb\xbf")), " \t\r\n"); len(at) > 0 && at[0] == '{' {
		return "ndjson"
	}
	return "csv"
}

// RowProblem is something wrong with a line of a file.
type RowProblem struct {
	Line  int
	Field string
	Say   string
}

// RowProblems are all of them, by line. Nothing was kept.
type RowProblems []RowProblem

func (p RowProblems) Error() string {
	var out []string
	for _, one := range p {
		out = append(out, fmt.Sprintf("line %d: %s %s", one.Line, one.Field, one.Say))
	}
	return strings.Join(out, "\n")
}

// errDry ends a change that was only tried.
var errDry = errors.New("only tried")

// Import adds the people of a file, all in one change or, where a line has a problem,
// none. Format is "ndjson" or "csv". dry only says what it would do. Who is told hears within
// the change what it does, before it is kept.
func (d *Directory) Import(ctx context.Context, by Actor, in io.Reader, format string, dry bool, told ...func(Imported)) (Imported, error) {
	var done Imported
	rows, err := readRows(in, format)
	if err != nil {
		return done, err
	}
	err = d.change(ctx, by, "people-imported", "", func(t *turn) error {
		if err := t.mayGive(); err != nil {
			return err
		}
		i := importing{turn: t, keys: map[string]int{}}
		done = i.all(rows)
		if len(i.problems) > 0 {
			return i.problems
		}
		if dry {
			return errDry
		}
		for _, tell := range told {
			tell(done)
		}
		t.what("added:"+strconv.Itoa(done.Added), "proposed:"+strconv.Itoa(done.Proposed))
		return nil
	})
	if errors.Is(err, errDry) {
		err = nil
	}
	return done, err
}

// line is a row with where it stands.
type line struct {
	Row
	at int
}

func readRows(in io.Reader, format string) ([]line, error) {
	limited := &io.LimitedReader{R: in, N: mostFile + 1}
	read := map[string]func(io.Reader) ([]line, error){"ndjson": readNDJSON, "csv": readCSV}[format]
	if read == nil {
		return nil, Problems{{"format", "must be ndjson or csv"}}
	}
	rows, err := read(limited)
	switch {
	case limited.N <= 0:
		return nil, RowProblems{{1, "the file", "is larger than 8 MiB"}}
	case err != nil:
		return nil, err
	case len(rows) > mostImported:
		return nil, RowProblems{{rows[mostImported].at, "the file", "has more than 20,000 people"}}
	}
	return rows, nil
}

func readNDJSON(in io.Reader) (out []line, err error) {
	var wrong RowProblems
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 64<<10)
	n := 0
	for lines.Scan() {
		n++
		if len(strings.TrimSpace(lines.Text())) == 0 {
			continue
		}
		l := line{at: n}
		if err := json.Unmarshal(bytes.TrimPrefix(lines.Bytes(), []byte("\xef\xbb\xbf")), &l.Row, json.RejectUnknownMembers(true)); err != nil {
			wrong = append(wrong, RowProblem{n, "it", "is no JSON object of id, user_name, name, mail, title, department, facility, manager, roles"})
			continue
		}
		out = append(out, l)
	}
	if lines.Err() != nil {
		wrong = append(wrong, RowProblem{n + 1, "it", "is longer than 64 KiB, or cannot be read"})
	}
	if len(wrong) > 0 {
		return nil, wrong
	}
	return out, nil
}

// column is where the text of a CSV column goes.
func (r *Row) column(name, v string) bool {
	to := map[string]*string{
		"id": &r.ID, "user_name": &r.UserName, "name": &r.Name, "mail": &r.Mail, "title": &r.Title,
		"department": &r.Department, "facility": &r.Facility, "manager": &r.Manager,
	}[name]
	if name == "roles" {
		r.Roles = strings.Fields(v)
		return true
	}
	if to == nil {
		return false
	}
	*to = v
	return true
}

func readCSV(in io.Reader) (out []line, err error) {
	r := csv.NewReader(in)
	head, err := r.Read()
	if err != nil {
		return nil, RowProblems{{1, "it", "must name the columns: user_name,name,mail,title,department,facility,manager,roles"}}
	}
	var wrong RowProblems
	for i := range head {
		head[i] = strings.TrimSpace(strings.TrimPrefix(head[i], "\ufeff")) // spreadsheets mark UTF-8 so
		if !new(Row).column(head[i], "") || slices.Contains(head[:i], head[i]) {
			wrong = append(wrong, RowProblem{1, "column " + strconv.Itoa(i+1), "is none of id, user_name, name, mail, title, department, facility, manager, roles, or stands twice"})
		}
	}
	if len(wrong) > 0 {
		return nil, wrong
	}
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		var bad *csv.ParseError
		if errors.As(err, &bad) {
			return nil, RowProblems{{bad.Line, "it", "has another number of columns than the first line, or a quote that is not closed"}}
		}
		if err != nil {
			return nil, fmt.Errorf("read people: %w", err)
		}
		l := line{}
		l.at, _ = r.FieldPos(0)
		for i, v := range record {
			l.column(head[i], strings.TrimSpace(v))
		}
		out = append(out, l)
	}
}

// importing adds rows within one change and gathers what is wrong with them.
type importing struct {
	*turn
	keys     map[string]int // names of the file to their line
	problems RowProblems
}

func (i *importing) all(rows []line) (done Imported) {
	added := map[int]*Person{}
	for n := range rows {
		p, there := i.person(&rows[n])
		if there {
			done.There = append(done.There, rows[n].UserName)
		}
		if p != nil {
			added[n] = p
		}
	}
	for n := range rows {
		if p := added[n]; p != nil {
			done.Added++
			done.New = append(done.New, rows[n].Row)
			i.manager(p, &rows[n])
			done.Proposed += i.roles(p, &rows[n])
		}
	}
	return done
}

func (i *importing) bad(at int, err error) {
	var some Problems
	if errors.As(err, &some) {
		for _, p := range some {
			i.problems = append(i.problems, RowProblem{at, p.Field, p.Say})
		}
		return
	}
	var no *Refusal
	if errors.As(err, &no) {
		i.problems = append(i.problems, RowProblem{at, "is refused:", no.Say})
		return
	}
	i.problems = append(i.problems, RowProblem{at, "it", "cannot be added"})
}

// person admits the person of a row; there says that the directory has them already.
func (i *importing) person(l *line) (p *Person, there bool) {
	if old := i.d.persons.At(i.d.index.names[key(l.UserName)]); old != nil && old.Active && l.UserName != "" {
		return nil, true
	}
	p = &Person{
		ID: l.ID, UserName: l.UserName, Name: l.Name, Mail: l.Mail, Title: l.Title, Department: l.Department, Facility: l.Facility,
		From: Local, Active: true, Created: i.now,
	}
	if p.ID == "" {
		p.ID = p.UserName
	}
	if i.twice(l, anID, p.ID) || i.twice(l, aUserName, p.UserName) {
		return nil, false
	}
	if err := i.admit(p); err != nil {
		i.bad(l.at, err)
		return nil, false
	}
	return p, false
}

func (i *importing) twice(l *line, what, name string) bool {
	k := key(name)
	if first, has := i.keys[k]; has && first != l.at {
		i.problems = append(i.problems, RowProblem{l.at, what, fmt.Sprintf("is that of line %d, or looks like it", first)})
		return true
	}
	i.keys[k] = l.at
	return false
}

func (i *importing) manager(p *Person, l *line) {
	if l.Manager == "" {
		return
	}
	id := l.Manager
	if i.turn.person(id) == nil {
		id = i.d.index.names[key(l.Manager)]
		for _, q := range i.persons {
			if key(q.UserName) == key(l.Manager) {
				id = q.ID
			}
		}
	}
	if id == "" || id == p.ID || i.turn.person(id) == nil {
		i.problems = append(i.problems, RowProblem{l.at, "manager", "is nobody of the file or the directory, or the person themselves"})
		return
	}
	p.Manager = id
}

func (i *importing) roles(p *Person, l *line) (proposed int) {
	for _, name := range l.Roles {
		g := Gift{Person: p.ID, Kind: Role, Name: name}
		if _, err := i.receives(g); err != nil {
			i.bad(l.at, err)
			continue
		}
		h := Held{Name: name, From: Local, Why: "imported", By: i.by.ID, Since: i.now}
		if i.d.needsSecond(p, Role, &h) {
			if h.Alone = len(i.others(i.by.ID, p.ID)) == 0; !h.Alone {
				proposed++
			}
		}
		i.hold(p, Role, h)
		i.what(name)
	}
	return proposed
}
