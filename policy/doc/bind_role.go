package doc

func roleOf(n *node) Role {
	r := Role{
		At: n.at, Name: n.word("role"), Title: n.str("title"), HeldBy: n.wordOr("held-by", "people"),
		Owner: n.word("owner"), Review: n.span("review"), Never: n.words("never"), Say: n.str("say"),
	}
	n.each("views", func(name Word, v *node) { r.Views = append(r.Views, View{name, seeOf(v)}) })
	n.each("tasks", func(name Word, v *node) { r.Tasks = append(r.Tasks, taskOf(name, v)) })
	return r
}

func taskOf(name Word, n *node) Task {
	t := Task{
		At: name.At, Name: name, Title: n.str("title"), Purpose: n.word("purpose"), To: n.words("to"),
		Exempt: n.word("exempt"), First: lineOf(n), Also: n.also(), Obligations: n.words("obligations"),
		References: n.wordOr("references", "shown"), Justify: n.str("justify"), Say: n.str("say"),
		Limits: limitsOf(n.of("limits", mapping)),
	}
	t.First.At = name.At
	if f := n.of("find", mapping); f != nil {
		t.Find = &Find{At: f.at, By: f.words("by"), AtLeast: f.count("at-least", 0)}
		if show := f.of("show", mapping); show != nil {
			t.Find.Show = seeOf(show)
		}
	}
	if g := n.of("break-glass", mapping); g != nil {
		t.BreakGlass = &Glass{At: g.at, For: g.span("for"), Review: g.span("review"), Reasons: g.words("reasons")}
	}
	return t
}

func limitsOf(n *node) Limits {
	return Limits{
		At: n.place(), Results: n.count("results", 0), Rows: n.count("rows", 0), Patients: n.rate("patients"),
		Asks: n.rate("asks"), Requests: n.rate("requests"), Export: n.wordOr("export", "none"),
	}
}
