package arch

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestEveryDependencyIsExplained: a library that our code imports stands in docs/dependencies.md with its job.
func TestEveryDependencyIsExplained(t *testing.T) {
	doc, err := os.ReadFile(filepath.Join(root, "docs", "dependencies.md"))
	if err != nil {
		t.Fatal(err)
	}
	modules := required(t)
	told := map[string]bool{}
	for _, name := range goFiles(t) {
		for _, imported := range importsOf(t, name) {
			m := moduleOf(imported, modules)
			if m == "" || told[m] {
				continue
			}
			told[m] = true
			if !strings.Contains(string(doc), "`"+m+"`") {
				t.Errorf("%s imports %s, which docs/dependencies.md does not explain", name, m)
			}
		}
	}
	if len(told) == 0 {
		t.Error("no import of a library found: the reading of the tree is broken")
	}
}

var requirement = regexp.MustCompile(`(?m)^\s*(?:require )?([a-z0-9.-]+\.[a-z]+/\S+) v\S+`)

// required lists the modules of go.mod.
func required(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	var modules []string
	for _, m := range requirement.FindAllSubmatch(text, -1) {
		modules = append(modules, string(m[1]))
	}
	if len(modules) == 0 {
		t.Fatal("go.mod requires nothing: the reading of it is broken")
	}
	return modules
}

// moduleOf gives the module that a package belongs to, empty for the standard library and our own.
func moduleOf(pkg string, modules []string) string {
	longest := ""
	for _, m := range modules {
		if (pkg == m || strings.HasPrefix(pkg, m+"/")) && len(m) > len(longest) {
			longest = m
		}
	}
	return longest
}
