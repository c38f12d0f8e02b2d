package matrix

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"

	"modicum/catalog"
)

// Write writes the matrix as a page of the documentation: the rules with the number of
// their cells and one of them as an example, then of each type the parameters by which
// the policy may allow a search.
func Write(w io.Writer, cat *catalog.Catalog) error {
	out := bufio.NewWriter(w)
	found := census(cat)
	fmt.Fprint(out, head)
	fmt.Fprintf(out, "%d cells in %d rules.\n\n", found.cells, len(Classes))
	table(out, "Interactions and operations", found, func(c *Class) bool { return !c.ofParams })
	table(out, "Parameters of searches", found, func(c *Class) bool { return c.ofParams })
	fmt.Fprint(out, "## Parameters by type\n\nThose by which a task may search where it keeps what they read, and in *italics* those that may also be a key of `_sort`.\n\n| Type | Parameters |\n|---|---|\n")
	for _, t := range cat.Types() {
		fmt.Fprintf(out, "| %s | %s |\n", cat.TypeName(t), strings.Join(found.params[t], ", "))
	}
	return out.Flush()
}

const head = `# What can be asked of the FHIR door

Every interaction of FHIR R4 with every type, and of searches every parameter with every modifier, prefix, order, chain and reverse chain (each by one parameter, in turn) and include that
[search.html](http://hl7.org/fhir/R4/search.html) knows, each with what the door does. Made from the definitions of R4 by
` + "`go test ./internal/matrix -update`" + `; a cell without a rule, or with two, fails that test, and
` + "`go test -run EveryCellOfTheMatrix ./internal/door/fhir`" + ` asks the door each of them: once as a task that keeps everything, once as
one that shows everything and keeps nothing, for whom a parameter that reads an element is one that does not exist. What is refused sends nothing to the server
behind the door. Why the door differs from R4 where it does: [divergences.md](divergences.md). Rows are those of [threat-model.md](threat-model.md) 7.

`

// count is what a census found of a class.
type count struct {
	cells   int
	example string
}

type findings struct {
	cells  int
	of     map[*Class]*count
	params map[catalog.Type][]string
}

func census(cat *catalog.Catalog) *findings {
	f := &findings{of: make(map[*Class]*count), params: make(map[catalog.Type][]string)}
	sorts := make(map[catalog.Type][]string)
	for c := range Cells(cat) {
		f.cells++
		for _, class := range Of(&c) {
			n := f.of[class]
			if n == nil {
				method, path := c.Request()
				n = &count{example: method + " " + path}
				f.of[class] = n
			}
			n.cells++
			switch {
			case class.Verdict != Judged || c.Param.Def == nil || c.Param.Modifier != "" || c.Param.Prefix != "":
			case c.Param.Name == "_sort":
				sorts[c.Type] = append(sorts[c.Type], c.Param.Def.Name)
			case c.Param.Name == c.Param.Def.Name:
				f.params[c.Type] = append(f.params[c.Type], c.Param.Def.Name)
			}
		}
	}
	for t, names := range f.params {
		for i, name := range names {
			if slices.Contains(sorts[t], name) {
				names[i] = "*" + name + "*"
			}
		}
		slices.SortFunc(names, func(a, b string) int { return strings.Compare(strings.Trim(a, "*"), strings.Trim(b, "*")) })
	}
	return f
}

func table(out io.Writer, title string, f *findings, of func(*Class) bool) {
	fmt.Fprintf(out, "## %s\n\n| Rule | Cells | Verdict | Why | Rows | One of them |\n|---|--:|---|---|---|---|\n", title)
	for i := range Classes {
		c := &Classes[i]
		if n := f.of[c]; n != nil && of(c) {
			fmt.Fprintf(out, "| %s | %d | %s | %s | %s | `%s` |\n", c.Name, n.cells, c.Verdict, c.Why, c.Rows, n.example)
		}
	}
	fmt.Fprintln(out)
}
