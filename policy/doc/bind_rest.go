package doc

import (
	"strings"
	"time"
)

// The defaults of policy-language.md 5.
const (
	defaultAsk        = 15 * time.Minute
	defaultFind       = 30 * time.Minute
	defaultGlass      = 8 * time.Hour
	defaultReview     = 72 * time.Hour
	defaultOpened     = 5 // patients per day behind broken glass
	defaultSmallCells = 11
)

func organizationOf(n *node) Organization {
	o := Organization{
		At: n.at, Name: n.word("organization"), Title: n.str("title"), TimeZone: n.word("time-zone"),
		Positions: n.words("positions"), Watch: n.words("watch"), SmallCells: n.count("small-cells", defaultSmallCells),
		Ask: Span{Clock: defaultAsk, At: n.at}, Find: Span{Clock: defaultFind, At: n.at}, BreakGlass: ceilingOf(n),
		AskWritten: n.has("ask"), FindWritten: n.has("find"), GlassWritten: n.has("break-glass"),
	}
	if s := n.of("ask", mapping).span("for"); !s.Zero() {
		o.Ask = s
	}
	if s := n.of("find", mapping).span("for"); !s.Zero() {
		o.Find = s
	}
	n.each("purposes", func(name Word, v *node) {
		p := Purpose{Name: name}
		if v.form == sequence {
			p.Codes = v.list()
		}
		o.Purposes = append(o.Purposes, p)
	})
	if e := n.of("exceptions", mapping); e != nil {
		o.Exceptions = &Exceptions{At: e.at, For: e.span("for"), Patients: e.count("patients", 1), Approve: e.words("approve")}
	}
	if c := n.of("conflicts", sequence); c != nil {
		for _, item := range c.items {
			o.Conflicts = append(o.Conflicts, Conflict{At: item.at, Roles: item.words("roles"), Say: item.str("say")})
		}
	}
	if a := n.of("approvals", mapping); a != nil {
		o.Approvals = Approvals{Answer: a.span("answer"), Substitutes: a.pairs("substitutes"), EscalateTo: a.word("escalate-to")}
	}
	n.each("programs", func(name Word, v *node) {
		o.Programs = append(o.Programs, Program{
			Name: name, Title: v.str("title"), Owner: v.word("owner"), Role: v.word("role"), Task: v.word("task"),
			Partner: v.word("partner"), Key: v.word("key"), Rotate: v.span("rotate"),
		})
	})
	return o
}

func ceilingOf(n *node) GlassCeiling {
	g := n.of("break-glass", mapping)
	at := n.at
	if g != nil {
		at = g.at
	}
	c := GlassCeiling{
		For: Span{Clock: defaultGlass, At: at}, Patients: Rate{Count: defaultOpened, Unit: "day", At: at},
		Review: Span{Clock: defaultReview, At: at}, Over: Word{"alarm", at}, Overdue: Word{"report", at},
	}
	if g == nil {
		return c
	}
	if s := g.span("for"); !s.Zero() {
		c.For = s
	}
	if s := g.span("review"); !s.Zero() {
		c.Review = s
	}
	if r := g.rate("patients"); r != nil {
		c.Patients = *r
	}
	c.Over, c.Overdue, c.Hold, c.Tell = g.wordOr("over", "alarm"), g.wordOr("overdue", "report"), g.words("hold"), g.words("tell")
	return c
}

func conditionsOf(n *node) Conditions {
	var c Conditions
	n.each("sources", func(name Word, v *node) {
		c.Sources = append(c.Sources, Source{Name: name, Title: v.str("title"), Fresh: v.span("fresh"), Programs: v.words("programs")})
	})
	n.each("facts", func(name Word, v *node) {
		c.Facts = append(c.Facts, Fact{
			Name: name, Means: v.str("means"), About: v.word("about"), From: v.words("from"),
			Carries: v.words("carries"), Values: v.pairs("values"),
		})
	})
	n.each("conditions", func(name Word, v *node) {
		c.Conditions = append(c.Conditions, Condition{
			Name: name, Means: v.str("means"), Any: v.words("any"), All: v.words("all"), Fact: v.word("fact"), Where: v.word("where"),
		})
	})
	return c
}

func restrictionsOf(n *node) (out []Restriction) {
	n.each("restrictions", func(name Word, v *node) {
		r := Restriction{
			At: name.At, Name: name, Title: v.str("title"), Cite: v.str("cite"), Hide: v.words("hide"), Of: v.word("of"),
			While: v.hold("while"), Unless: v.hold("unless"), To: v.words("to"), Purposes: v.words("purposes"),
			Obligations: v.words("obligations"), Say: v.str("say"),
		}
		if w := v.word("hide"); w.Text != "" {
			r.Hide = Words{w}
		}
		out = append(out, r)
	})
	return out
}

func disclosureOf(n *node) Disclosure {
	d := Disclosure{
		At: n.at, Name: n.word("disclosure"), Title: n.str("title"), Owner: n.word("owner"), Review: n.span("review"),
		Permission: n.str("permission"), Deliver: n.words("deliver"), Accounting: n.yesNo("accounting"),
		Flow: n.wordOr("flow", "disclosure"), Reliance: n.word("reliance"), Approve: n.words("approve"),
		ActWithin: n.span("act-within"), Script: n.str("script"), Verify: n.words("verify"), Refuse: n.words("refuse"),
		Pause: n.words("pause"), EscalateTo: n.word("escalate-to"), To: n.words("to"), Purpose: n.word("purpose"),
		Exempt: n.word("exempt"), Obligations: n.words("obligations"), Justify: n.str("justify"), Say: n.str("say"),
		Never: n.words("never"), First: lineOf(n), Also: n.also(),
	}
	d.First.Do, d.First.Lend = nil, nil
	for i := range d.Also {
		d.Also[i].Do, d.Also[i].Lend = nil, nil
	}
	return d
}

func partnerOf(n *node) Partner {
	p := Partner{
		At: n.at, Name: n.word("partner"), Title: n.str("title"), Kind: n.word("kind"), Owner: n.word("owner"),
		Purposes: n.words("purposes"), MaySee: n.words("may-see"), Marked: n.words("marked"), Never: n.words("never"),
		Roles: n.words("roles"), Programs: n.words("programs"), Subcontractors: n.words("subcontractors"), Say: n.str("say"),
	}
	c := n.of("contract", mapping)
	p.Contract = Contract{ID: c.word("id"), From: c.word("from"), Until: c.word("until"), Review: c.span("review")}
	end := n.of("at-end", mapping)
	p.CloseAccess, p.ReturnDestroy = end.span("close-access"), end.span("return-or-destroy")
	return p
}

func catalogOf(n *node) (extensions []Extension, databases []Database) {
	for _, p := range n.pairs("extensions") {
		extensions = append(extensions, Extension{p.Key, p.Value})
	}
	if name := n.word("database"); name.Text != "" {
		d := Database{Name: name}
		n.each("tables", func(name Word, v *node) {
			d.Tables = append(d.Tables, Table{
				Name: name, Patient: v.word("patient"), Encounter: v.word("encounter"), Date: v.word("date"),
				Department: v.word("department"), Overlays: v.word("overlays"), Lasting: v.yesNo("lasting"), Columns: v.pairs("columns"),
			})
		})
		databases = append(databases, d)
	}
	return extensions, databases
}

func testsOf(n *node) TestFile {
	t := TestFile{At: n.at, Role: n.word("role")}
	if c := n.of("cases", sequence); c != nil {
		for _, item := range c.items {
			t.Cases = append(t.Cases, Case{At: item.at, Name: item.str("name"), Given: givenOf(item.of("given", mapping)), Expect: expectOf(item.find("expect"))})
		}
	}
	return t
}

func givenOf(n *node) Given {
	g := Given{
		As: n.oneOrMore("as"), Task: n.word("task"), Purpose: n.word("purpose"), Disclosure: n.word("disclosure"),
		Do: n.wordOr("do", "read"), Unknown: n.words("unknown"), Marked: n.words("marked"), Asked: n.words("asked"),
		Lent: n.yes("lent"), LentClasses: n.words("lent"), BrokenGlass: n.yes("broken-glass"), To: n.words("to"),
	}
	if facts := n.of("facts", sequence); facts != nil {
		for _, item := range facts.items {
			if f, ok := givenFactOf(item); ok {
				g.Facts = append(g.Facts, f)
			}
		}
	}
	if r := n.of("record", mapping); r != nil {
		g.Record = GivenRecord{Of: r.words("of"), OfGiven: r.has("of"), Age: r.span("age"), Place: r.word("place"), Lasting: r.yes("lasting")}
	}
	return g
}

func givenFactOf(n *node) (GivenFact, bool) {
	if n.form == scalar {
		return GivenFact{Name: Word{n.text, n.at}, Bare: true}, true
	}
	if n.form != mapping || len(n.entries) == 0 {
		return GivenFact{}, false
	}
	name, v := n.entries[0].key, n.entries[0].value
	f := GivenFact{Name: name, HasSet: map[string]bool{}, Classes: v.words("classes"), Marked: v.words("marked")}
	for _, what := range []string{"classes", "marked"} {
		f.HasSet[what] = v.has(what)
	}
	for _, e := range v.entries {
		if e.value.form == scalar && e.key.Text != "classes" && e.key.Text != "marked" {
			f.Values = append(f.Values, Pair{e.key, Word{e.value.text, e.value.at}})
		}
	}
	return f, true
}

func expectOf(n *node) Expect {
	if n == nil {
		return Expect{}
	}
	e := Expect{At: n.at}
	if n.form == scalar {
		e.Nothing, e.Refused = strings.EqualFold(n.text, "nothing"), strings.EqualFold(n.text, "refused")
		return e
	}
	for _, x := range n.entries {
		if x.value.form == scalar {
			e.Treatment = append(e.Treatment, Pair{x.key, Word{x.value.text, x.value.at}})
		}
	}
	return e
}
