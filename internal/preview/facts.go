package preview

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"modicum/internal/facts"
	"modicum/policy"
)

// stater is the program that may state everything here.
const stater = "preview"

// own is the source of what nobody else may state, such as `found`.
const own = "preview"

// vocabulary is the policy's, with one program that may speak for every source,
// and with `found` as a fact that can be stated: there is no look-up here that
// could make it hold.
func vocabulary(set *policy.Set) *facts.Vocabulary {
	v := facts.FromPolicy(set, set.Folder(), nil)
	v.Sources = append(slices.Clone(v.Sources), facts.Source{Name: own, Fresh: 24 * time.Hour})
	for i := range v.Sources {
		v.Sources[i].Programs = []string{stater}
	}
	found := &v.Kinds[set.Found()]
	found.Builtin, found.Sources = false, []int{len(v.Sources) - 1}
	return v
}

// readWhole says of every source that nothing is known from it so far.
func (p *Preview) readWhole() error {
	var b bytes.Buffer
	for _, src := range p.facts.Index().Vocabulary().Sources {
		fmt.Fprintf(&b, "{\"source\":%q,\"whole\":%q}\n", src.Name, p.now.UTC().Format(time.RFC3339))
	}
	ps, err := p.State(b.Bytes())
	if err == nil && len(ps) > 0 {
		err = ps[0]
	}
	return err
}

// State takes facts, whole or not at all: NDJSON as files of facts hold it
// (docs/interfaces.md 4). They count as learned now unless the source is stated
// whole as of another moment.
func (p *Preview) State(body []byte) (facts.Problems, error) {
	_, problems, err := p.facts.State(stater, true, body, func(facts.Act) error { return nil })
	if len(problems) > 0 {
		return problems, nil
	}
	return nil, err
}

// Hold makes a fact hold for the caller: for every patient of the records when
// it is about a patient. It carries everything it can: each record as its object,
// all classes and overlays, all dates. text is NAME, or NAME:VALUE=WORD,…
func (p *Preview) Hold(text string) error {
	name, given, _ := strings.Cut(text, ":")
	kind, err := p.kind(name)
	if err != nil {
		return err
	}
	values, err := valuesOf(kind, given, p.now)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	voc := p.facts.Index().Vocabulary()
	if len(kind.Sources) == 0 {
		return fmt.Errorf("%s: no source states it", name)
	}
	st := statement{Fact: name, Who: p.as.Person, Source: voc.Sources[kind.Sources[0]].Name, By: stater, Values: values}
	if kind.Classes {
		st.Classes = p.allClasses()
	}
	if kind.Marked {
		st.Marked = []string{"sensitive"}
	}
	if kind.Dates {
		st.Dates = &struct{}{}
	}
	var b bytes.Buffer
	for n, at := range p.objects(kind) {
		st.Patient, st.Object, st.ID = at.patient, at.object, "given-"+strconv.Itoa(n)
		line, err := json.Marshal(st)
		if err != nil {
			return err
		}
		b.Write(append(line, '\n'))
	}
	if b.Len() == 0 {
		return nil // about patients, and the records name none
	}
	problems, err := p.State(b.Bytes())
	if len(problems) > 0 {
		return fmt.Errorf("%s: %s", name, problems[0].Text)
	}
	return err
}

// statement is one line of facts.
type statement struct {
	Fact    string         `json:"fact"`
	Who     string         `json:"who"`
	Patient string         `json:"patient,omitempty"`
	Object  string         `json:"object,omitempty"`
	ID      string         `json:"id"`
	Classes []string       `json:"classes,omitempty"`
	Marked  []string       `json:"marked,omitempty"`
	Dates   *struct{}      `json:"dates,omitzero"`
	Values  map[string]any `json:"values,omitempty"`
	Source  string         `json:"source"`
	By      string         `json:"recorded_by"`
}

// at is whom and what a statement names.
type at struct{ patient, object string }

// objects lists what a fact that holds for the records names: their patients,
// and each record where it carries an object.
func (p *Preview) objects(kind *facts.Kind) []at {
	var out []at
	add := func(a at) {
		if !slices.Contains(out, a) {
			out = append(out, a)
		}
	}
	for _, r := range p.read {
		var a at
		if kind.Object {
			a.object = r.TypeName() + "/" + string(r.ID)
		}
		if !kind.Patient {
			add(a)
			continue
		}
		for _, pat := range r.Patients {
			a.patient = "Patient/" + string(pat.ID)
			add(a)
		}
	}
	return out
}

func (p *Preview) allClasses() []string {
	var out []string
	cat := p.set.Catalog()
	for c := range cat.Content().All {
		out = append(out, cat.Name(c))
	}
	return out
}

// kind finds a fact by name; a condition is not a fact, and is told apart.
func (p *Preview) kind(name string) (*facts.Kind, error) {
	voc := p.facts.Index().Vocabulary()
	var names []string
	for i := range voc.Kinds {
		k := &voc.Kinds[i]
		switch {
		case k.Name != name:
			if !k.Condition && !k.Builtin {
				names = append(names, k.Name)
			}
		case k.Builtin:
			return nil, fmt.Errorf("%s follows from the request itself; it cannot be given", name)
		case k.Condition:
			info := p.set.Facts()[i]
			return nil, fmt.Errorf("%s is a condition on %s: give the fact with the values that meet it (where: %s)", name, voc.Kinds[k.Base].Name, info.Where)
		default:
			return k, nil
		}
	}
	for _, c := range p.set.Folder().Conditions.Conditions {
		if c.Name.Text == name {
			return nil, fmt.Errorf("%s is a condition, made of facts: give one of those (conditions.yaml:%d)", name, c.Name.At.Line)
		}
	}
	return nil, &UnknownFactError{Name: name, Known: names}
}

// UnknownFactError: the policy has no such fact.
type UnknownFactError struct {
	Name  string
	Known []string
}

// Error names the word.
func (e *UnknownFactError) Error() string { return fmt.Sprintf("no fact is called %q", e.Name) }
