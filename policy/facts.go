package policy

import (
	"modicum/policy/doc"
)

// About says whom a fact is about.
type About uint8

// Whom a fact is about. A fact about the caller holds for all patients; one
// about the record is judged for each record.
const (
	AboutCaller About = iota
	AboutPatient
	AboutRecord
)

// Carries is a set of what a fact carries beside its truth.
type Carries uint8

// What a fact may carry; `of` narrows by it.
const (
	CarriesObject Carries = 1 << iota
	CarriesClasses
	CarriesMarked
	CarriesDates
)

// FactInfo describes one fact of a Set. Conditions with a `where` are facts of
// their own, resting on Base.
type FactInfo struct {
	ID      FactID
	Name    string
	Means   string
	About   About
	Sources []string
	Fresh   map[string]doc.Span // bound on age for each source
	Carries Carries
	Values  map[string]string // name → text, number, time or yes-no
	Where   string            // CEL over one instance of Base, "" for a fact itself
	Base    FactID            // itself unless Where is set
	Builtin bool              // found, broken-glass, author: nobody states them
}

// Facts returns all facts of the Set; the index is the FactID. The slice is
// shared: do not change it.
func (s *Set) Facts() []FactInfo { return s.facts }

// Fact returns the number of a fact or of a condition with a `where`.
func (s *Set) Fact(name string) (FactID, bool) {
	id, ok := s.factByName[name]
	return id, ok
}

// FactName returns the name of a fact.
func (s *Set) FactName(id FactID) string {
	if int(id) >= len(s.facts) {
		return "unknown"
	}
	return s.facts[id].Name
}

var carries = map[string]Carries{
	"object": CarriesObject, "classes": CarriesClasses, "marked": CarriesMarked, "dates": CarriesDates,
}

// compileFacts numbers the vocabulary: facts, conditions with a where, and what
// is built in. Conditions of any and all are kept aside and multiplied out.
func (c *compiler) compileFacts() {
	conds := c.folder.Conditions
	fresh := map[string]doc.Span{}
	for _, src := range conds.Sources {
		fresh[src.Name.Text] = src.Fresh
	}
	for i := range conds.Facts {
		c.addFact(&conds.Facts[i], fresh)
	}
	c.set.found = c.builtin("found", "The patient was looked up first, as the task's `find` asks.", AboutPatient)
	c.set.glass = c.builtin("broken-glass", "The person broke the glass for this patient.", AboutPatient)
	c.set.author = c.builtin("author", "The record names the person as its author.", AboutRecord)
	for i := range conds.Conditions {
		cond := &conds.Conditions[i]
		if cond.Fact.Text == "" {
			c.combos[cond.Name.Text] = cond
			continue
		}
		c.addCondition(cond)
	}
}

func (c *compiler) addFact(f *doc.Fact, fresh map[string]doc.Span) {
	info := FactInfo{Name: f.Name.Text, Means: f.Means, Fresh: map[string]doc.Span{}, Values: map[string]string{}}
	if f.About.Text == "patient" {
		info.About = AboutPatient
	}
	for _, src := range f.From {
		info.Sources = append(info.Sources, src.Text)
		info.Fresh[src.Text] = fresh[src.Text]
	}
	for _, w := range f.Carries {
		info.Carries |= carries[w.Text]
	}
	for _, v := range f.Values {
		info.Values[v.Key.Text] = v.Value.Text
	}
	id := c.number(info, f.Name.At)
	c.set.facts[id].Base = id
}

func (c *compiler) builtin(name, means string, about About) FactID {
	id := c.number(FactInfo{Name: name, Means: means, About: about, Builtin: true}, doc.At{File: "conditions.yaml", Line: 1, Col: 1})
	c.set.facts[id].Base = id
	return id
}

func (c *compiler) addCondition(cond *doc.Condition) {
	base, ok := c.set.factByName[cond.Fact.Text]
	if !ok {
		c.errorf(cond.Fact.At, "unknown-fact", "no fact is called %q", cond.Fact.Text)
		return
	}
	info := c.set.facts[base]
	info.Name, info.Means, info.Where, info.Base = cond.Name.Text, cond.Means, cond.Where.Text, base
	w, err := compileWhere(cond.Where.Text, info.Values)
	if err != nil {
		c.errorf(cond.Where.At, "where", "%v", err)
	}
	id := c.number(info, cond.Name.At)
	c.set.wheres[id] = w
}

// number gives a fact its FactID.
func (c *compiler) number(info FactInfo, at doc.At) FactID {
	if len(c.set.facts) == MaxFacts {
		if !c.full {
			c.errorf(at, "too-many-facts", "more than %d facts and conditions with a where, the built-in ones included", MaxFacts)
		}
		c.full = true
		return 0
	}
	if _, dup := c.set.factByName[info.Name]; dup {
		c.errorf(at, "duplicate", "%q is the name of another fact or condition", info.Name)
	}
	id := FactID(len(c.set.facts))
	info.ID = id
	c.set.facts = append(c.set.facts, info)
	c.set.wheres = append(c.set.wheres, nil)
	c.set.factByName[info.Name] = id
	c.set.about[info.About].Add(id)
	return id
}
