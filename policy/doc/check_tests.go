package doc

import (
	"slices"
	"strconv"
	"strings"
)

func (c *checker) testFile(t *TestFile) {
	if t.Role.Text != "" {
		known(c, t.Role, "role", c.roles)
	}
	names := map[string]bool{}
	for i := range t.Cases {
		cs := &t.Cases[i]
		if names[cs.Name] {
			c.errorf(cs.At, "case", "say what is different", "two cases are named %s", quoted(cs.Name))
		}
		names[cs.Name] = true
		c.testCase(t, cs)
	}
}

func (c *checker) testCase(t *TestFile, cs *Case) {
	g := &cs.Given
	roles := g.As
	if roles == nil && t.Role.Text != "" {
		roles = Words{t.Role}
	}
	if roles == nil && g.Disclosure.Text == "" {
		c.errorf(cs.At, "case", "write role: at the top, as: or disclosure:", "the case has no role")
	}
	for _, w := range g.As {
		known(c, w, "role", c.roles)
	}
	if g.Disclosure.Text != "" && known(c, g.Disclosure, "disclosure", c.releases) {
		c.tested["disclosures/"+g.Disclosure.Text] = true
	}
	c.caseTask(cs, roles)
	c.recipientsOf(g.To)
	for i := range g.Facts {
		c.givenFact(&g.Facts[i])
	}
	for _, w := range g.Unknown {
		c.statedFact(w)
	}
	c.overlaysOf(g.Marked, false)
	c.contentClasses(g.Asked)
	c.either(g.LentClasses, false)
	for _, w := range g.Record.Of {
		c.factWord(w)
	}
	for _, e := range cs.Expect.Treatment {
		c.contentLeaf(e.Key)
	}
}

// caseTask: a case names a task, a purpose or a disclosure, one of them.
func (c *checker) caseTask(cs *Case, roles Words) {
	g := &cs.Given
	ways := 0
	for _, w := range []Word{g.Task, g.Purpose, g.Disclosure} {
		if w.Text != "" {
			ways++
		}
	}
	if ways == 0 {
		c.errorf(cs.At, "case", "write task:, purpose: or disclosure: under given", "the case asks for nothing")
	}
	if g.Task.Text != "" && g.Purpose.Text != "" {
		c.errorf(g.Purpose.At, "case", "delete one of them", "a task has its purpose already")
	}
	for _, w := range roles {
		c.tested[w.Text] = true
	}
	if g.Purpose.Text != "" {
		c.casePurpose(g.Purpose, roles)
	}
	if g.Task.Text != "" {
		c.caseTaskName(g.Task, roles)
	}
}

func (c *checker) casePurpose(w Word, roles Words) {
	glass := glassCode(w.Text)
	name, ok := c.f.Organization.PurposeOf(w.Text)
	if !ok && !glass {
		c.errorf(w.At, "unknown-purpose", didYouMean(w.Text, sorted(c.purposes)), "there is no purpose %s", quoted(w.Text))
	}
	for _, role := range roles {
		r := c.roles[role.Text]
		for i := 0; r != nil && i < len(r.Tasks); i++ {
			if r.Tasks[i].Purpose.Text == name || glass && r.Tasks[i].BreakGlass != nil {
				c.tested[role.Text+"/"+r.Tasks[i].Name.Text] = true
			}
		}
	}
}

// caseTaskName: the task is one of a role of the case, written task or role/task.
func (c *checker) caseTaskName(w Word, roles Words) {
	role, task, both := strings.Cut(w.Text, "/")
	if !both {
		role, task = "", w.Text
	}
	var among []string
	found := false
	for _, r := range roles {
		known := c.roles[r.Text]
		if known == nil || both && r.Text != role {
			continue
		}
		among = append(among, known.taskNames()...)
		if known.task(task) != nil {
			found = true
			c.tested[r.Text+"/"+task] = true
		}
	}
	if !found && (len(among) > 0 || both) {
		c.errorf(w.At, "unknown-task", didYouMean(task, among), "no role of this case has the task %s", quoted(w.Text))
	}
}

// statedFact holds a word to be a fact that a case can state, not what is made of facts.
func (c *checker) statedFact(w Word) *Fact {
	if f := c.facts[w.Text]; f != nil {
		return f
	}
	switch {
	case w.Text == "found" || w.Text == "author":
	case w.Text == "broken-glass":
		c.errorf(w.At, "case", "write broken-glass: yes", "broken-glass is no fact to list")
	case c.conds[w.Text] != nil:
		c.errorf(w.At, "case", "name the facts it rests on", "%s is a condition: it follows from facts", w.Text)
	default:
		among := append(sorted(c.facts), "found", "author")
		c.errorf(w.At, "unknown-fact", didYouMean(w.Text, among), "there is no fact %s", quoted(w.Text))
	}
	return nil
}

func (c *checker) givenFact(g *GivenFact) {
	f := c.statedFact(g.Name)
	if f == nil {
		return
	}
	for _, what := range []string{"classes", "marked"} {
		if g.HasSet[what] && !hasWord(f.Carries, what) {
			c.errorf(g.Name.At, "case", "change carries of the fact, or delete it here", "%s does not carry %s", f.Name.Text, what)
		}
	}
	c.contentClasses(g.Classes)
	c.overlaysOf(g.Marked, true)
	for _, v := range g.Values {
		c.givenValue(f, v)
	}
}

func (c *checker) givenValue(f *Fact, v Pair) {
	if v.Key.Text == "object" || v.Key.Text == "dates" {
		c.errorf(v.Key.At, "case", "say under record whether it lies within: record: {of: [...]}", "what %s reaches is said of the record", v.Key.Text)
		return
	}
	i := slices.IndexFunc(f.Values, func(p Pair) bool { return p.Key.Text == v.Key.Text })
	if i < 0 {
		var among []string
		for _, p := range f.Values {
			among = append(among, p.Key.Text)
		}
		c.errorf(v.Key.At, "case", didYouMean(v.Key.Text, among), "%s has no value %s", f.Name.Text, quoted(v.Key.Text))
		return
	}
	ok, like := true, ""
	switch f.Values[i].Value.Text {
	case "time":
		_, ok = ParseAgo(v.Value.Text)
		like = "4 days ago"
	case "number":
		_, err := strconv.ParseFloat(v.Value.Text, 64)
		ok, like = err == nil, "3"
	case "yes-no":
		ok, like = slices.Contains(gYesNo.words, v.Value.Text), "yes or no"
	}
	if !ok {
		c.errorf(v.Value.At, "case", "write it like "+like, "%s is no %s", quoted(v.Value.Text), f.Values[i].Value.Text)
	}
}
