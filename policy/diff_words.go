package policy

import (
	"fmt"
	"io"
	"strings"
)

// String says a change in one line, Where left out.
func (c *Change) String() string {
	var parts []string
	if c.Verbs != "" {
		parts = append(parts, strings.ReplaceAll(c.Verbs, " ", ", "))
	}
	for _, k := range c.Classes {
		parts = append(parts, fmt.Sprintf("%s: %s → %s", strings.Join(k.Classes, ", "), k.Was, k.Now))
	}
	if c.What != "" {
		parts = append(parts, c.whatWords())
	}
	if c.Kind == "access" {
		return strings.Join(append(parts, c.conditions()...), "; ")
	}
	if c.While != "" {
		parts = append(parts, "while "+c.While)
	}
	if len(c.Marked) > 0 {
		parts = append(parts, "records marked "+strings.Join(c.Marked, ", "))
	}
	if len(c.Disclosures) > 0 {
		parts = append(parts, "at the desk by "+strings.Join(c.Disclosures, ", "))
	}
	return strings.Join(parts, "; ")
}

func (c *Change) whatWords() string {
	if c.Was == "" && c.Now == "" {
		return c.What
	}
	return fmt.Sprintf("%s: %s → %s", c.What, c.Was, c.Now)
}

// conditions says under which facts, within which records, by which grant.
func (c *Change) conditions() []string {
	var out []string
	for _, p := range []struct{ word, text string }{{"while ", c.While}, {"within ", c.Within}, {"lent ", c.Lent}} {
		if p.text != "" {
			out = append(out, p.word+p.text)
		}
	}
	switch {
	case c.MarkedOnly:
		out = append(out, "only in records marked "+strings.Join(c.Marked, ", "))
	case len(c.Marked) > 0:
		out = append(out, "also in records marked "+strings.Join(c.Marked, ", "))
	}
	return out
}

// headings are the parts of a difference as people read it: what opens comes first.
var headings = []struct {
	title string
	dirs  []Direction
}{{"Opens", []Direction{Opens, Both}}, {"Closes", []Direction{Closes}}, {"Changes no decision", []Direction{Words}}}

// WriteText writes a difference for people: what opens, what closes, the rest.
func (d *Difference) WriteText(w io.Writer) error {
	var b strings.Builder
	for _, h := range headings {
		started := false
		for i := range d.Changes {
			c := &d.Changes[i]
			if c.Direction != h.dirs[0] && c.Direction != h.dirs[len(h.dirs)-1] {
				continue
			}
			if !started {
				fmt.Fprintf(&b, "%s\n", h.title)
				started = true
			}
			fmt.Fprintf(&b, "  %s", c.Where)
			if c.Purpose != "" {
				fmt.Fprintf(&b, " (%s)", c.Purpose)
			}
			fmt.Fprintf(&b, "\n    %s%s\n", c, bothWords(c.Direction))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func bothWords(d Direction) string {
	if d == Both {
		return "; which way cannot be told from the policy alone"
	}
	return ""
}
