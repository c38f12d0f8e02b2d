// Package arch holds what is true of the tree as a whole: which package may import which, and what no file may say.
package arch

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	module = "modicum"
	root   = "../.."
)

// allowed lists every arrow between our packages, tests left aside. An arrow that is not here fails, so that a new one
// shows up as a line in a diff. catalog <- policy <- gate <- door, console <- cmd. A package that imports nothing of ours
// stands here with nothing.
var allowed = map[string][]string{
	"catalog":                {"catalog/internal/table", "internal/nearest"},
	"catalog/internal/gen":   {"catalog", "catalog/internal/table"},
	"catalog/internal/table": {},
	"policy":                 {"catalog", "internal/defect", "internal/sheet", "policy/doc"}, // sheet: its matrix is opened in one
	"policy/doc":             {"catalog", "internal/nearest"},
	"internal/nearest":       {},
	"policy-sample":          {},
	"ledger":                 {}, // an auditor's tools, with no server behind them
	"ledger/verify":          {}, // shares no code with the writer
	"internal/caller":        {"internal/jws", "internal/problem"},
	"internal/jws":           {},                                                                                                               // the form of signed tokens, whoever reads them
	"internal/config":        {"catalog", "internal/caller", "internal/defect", "internal/nearest", "internal/notice", "policy", "policy/doc"}, // of notice, its kinds
	"internal/door/fhir": {
		"catalog", "internal/caller", "internal/defect", "internal/fhirjson", "internal/gate", "internal/line", "internal/merge", "internal/problem", "internal/share", "internal/upstream", "policy",
	},
	"internal/facts":      {"catalog", "internal/defect", "internal/nearest", "internal/problem", "policy", "policy/doc"},
	"internal/facts/feed": {"catalog", "internal/facts"},
	"internal/durable":    {},                                       // files that are there whole or not at all; ledger, a public package, has its own
	"internal/defect":     {},                                       // faults that tests plant; constant in what is shipped
	"internal/fhirjson":   {"catalog", "internal/defect", "policy"}, // of policy, the View alone
	"internal/merge":      {"catalog", "internal/defect", "internal/fhirjson", "policy"},
	// preview asks the gate as a door does, with records at hand instead of an upstream.
	"internal/preview":                 {"catalog", "internal/caller", "internal/defect", "internal/facts", "internal/fhirjson", "internal/gate", "internal/nearest", "internal/problem", "ledger", "policy"},
	"internal/problem":                 {},
	"internal/observe":                 {"ledger"},                                 // a report over entries alone
	"internal/selftest":                {"catalog", "internal/fhirjson", "policy"}, // asks from outside
	"internal/share":                   {"internal/defect"},                        // of places, for upstream and doors
	"internal/upstream":                {"internal/defect", "internal/share"},
	"internal/line":                    {},         // a client's connection, for whoever breaks it off
	"internal/book":                    {"ledger"}, // documents of the organization, with the record of their change
	"internal/book/booktest":           {"internal/book", "ledger"},
	"internal/api":                     {"catalog", "internal/access", "internal/api/wire", "internal/book", "internal/caller", "internal/change", "internal/defect", "internal/facts", "internal/health", "internal/notice", "internal/oversight", "internal/people", "internal/preview", "internal/problem", "internal/reach", "internal/signin", "internal/tokens", "ledger", "policy"},
	"internal/people":                  {"catalog", "internal/book", "internal/caller", "internal/defect", "internal/nearest", "ledger", "policy", "policy/doc"}, // of caller, the reading of scopes
	"internal/tokens":                  {"internal/book", "internal/caller", "internal/defect", "internal/jws", "internal/people", "internal/problem", "ledger", "policy"},
	"internal/scim":                    {"catalog", "internal/defect", "internal/people"},
	"internal/pocket":                  {"internal/durable"}, // a client, which knows the server by its answers
	"internal/client":                  {"internal/api/wire"},
	"internal/api/wire":                {},                                                                                                                                                         // the objects that server and client both know
	"internal/access":                  {"catalog", "internal/book", "internal/defect", "internal/facts", "internal/gate", "internal/notice", "internal/people", "ledger", "policy", "policy/doc"}, // what is lent, in the gate's words
	"internal/change":                  {"internal/book", "internal/defect", "internal/notice", "internal/people", "ledger", "policy"},                                                             // how a policy comes in force
	"internal/spool":                   {"internal/defect", "internal/durable", "ledger"},                                                                                                          // stands before the record
	"internal/notice":                  {"internal/book", "internal/defect", "ledger"},
	"internal/store":                   {"internal/book", "internal/defect", "internal/durable", "ledger"},
	"internal/testkit/load":            {"internal/testkit/fhirdata"},
	"internal/signin":                  {"internal/book", "internal/caller", "internal/defect", "internal/jws", "internal/notice", "internal/people", "internal/share", "ledger"},
	"internal/sandbox":                 {"catalog", "internal/facts", "policy/doc"},
	"internal/matrix":                  {"catalog"},
	"internal/oversight":               {"catalog", "internal/defect", "internal/gate", "internal/people", "ledger", "policy"},                                                // the record as it is read, each reading on record
	"internal/reach":                   {"catalog", "internal/defect", "internal/facts", "ledger", "policy", "policy/doc"},                                                    // what a task shows of a patient, without records
	"internal/health":                  {"internal/caller", "internal/defect", "internal/facts", "internal/notice", "internal/people", "internal/spool", "internal/upstream"}, // what is wrong, in words, for probes and pages
	"internal/console":                 {"catalog", "internal/access", "internal/change", "internal/defect", "internal/gate", "internal/health", "internal/notice", "internal/oversight", "internal/people", "internal/preview", "internal/problem", "internal/reach", "internal/sheet", "internal/signin", "internal/tokens", "ledger", "policy", "policy/doc"},
	"internal/sheet":                   {"internal/defect"}, // what a spreadsheet may hold
	"internal/testkit":                 {"internal/testkit/fhirdata"},
	"internal/reference":               {"catalog", "policy", "policy/doc"},
	"ledger/ledgertest":                {"ledger"},
	"internal/store/storetest":         {"internal/store", "ledger", "ledger/ledgertest", "ledger/verify"},
	"internal/testkit/fhirdata":        {},
	"internal/oversight/oversighttest": {"internal/gate", "internal/oversight", "ledger", "policy"},
	"internal/gate": {
		"catalog", "internal/caller", "internal/defect", "internal/facts", "internal/fhirjson", "internal/problem", "ledger", "policy", "policy/doc",
	},
}

// wiring packages put the parts together, so they may import all of them; only they name the store.
var wiring = []string{"cmd/modicum", "internal/demo", "internal/serve"}

// forTests packages are imported by tests and by each other only.
var forTests = []string{
	"internal/arch", "internal/reference", "internal/testkit", "internal/testkit/fhirdata", "internal/testkit/load",
	"internal/store/storetest", "ledger/ledgertest", "internal/matrix", "internal/book/booktest",
	"internal/oversight/oversighttest",
}

// arrow is one import of ours, in one file.
type arrow struct {
	from, to, file string
	test           bool // in a _test.go file
}

func TestImportsPointOneWay(t *testing.T) {
	arrows := imports(t)
	if len(arrows) < 10 {
		t.Fatalf("found only %d imports of our own packages: the reading of the tree is broken", len(arrows))
	}
	for _, a := range arrows {
		if a.test || slices.Contains(allowed[a.from], a.to) {
			continue
		}
		if slices.Contains(wiring, a.from) && !slices.Contains(forTests, a.to) {
			continue
		}
		t.Errorf("%s: %s must not import %s; an arrow that is meant needs a line in internal/arch", a.file, a.from, a.to)
	}
}

func TestAllowedArrowsKeepTheirDirection(t *testing.T) {
	for from, tos := range allowed {
		for _, to := range tos {
			switch {
			case slices.Contains(allowed[to], from) && from != "catalog/internal/gen":
				t.Errorf("%s and %s may import each other", from, to)
			case to == "internal/store" && !slices.Contains(forTests, from):
				t.Errorf("%s names the store; only the wiring does", from)
			case slices.Contains(forTests, to) && !slices.Contains(forTests, from):
				t.Errorf("%s may import %s, which is for tests", from, to)
			}
		}
	}
}

func TestDoorsDoNotImportEachOther(t *testing.T) {
	for _, a := range imports(t) {
		from, to := door(a.from), door(a.to)
		if from != "" && to != "" && from != to {
			t.Errorf("%s: door %s imports door %s, tests included", a.file, from, to)
		}
	}
}

// door names the door that a package belongs to, empty when it is none.
func door(pkg string) string {
	rest, ok := strings.CutPrefix(pkg, "internal/door/")
	if !ok {
		return ""
	}
	name, _, _ := strings.Cut(rest, "/")
	return name
}

func TestTheVerifierSharesNoCodeWithTheWriter(t *testing.T) {
	for _, name := range goFiles(t) {
		if path.Dir(name) != "ledger/verify" || strings.HasSuffix(name, "_test.go") {
			continue
		}
		for _, imported := range importsOf(t, name) {
			// The writer's trees, notes and tiles come from these modules: an error in them must not be shared.
			for _, writers := range []string{"golang.org/x/mod/", "github.com/transparency-dev/", module + "/"} {
				if strings.HasPrefix(imported, writers) {
					t.Errorf("%s imports %s", name, imported)
				}
			}
		}
	}
}

// imports gives every import of one of our packages by another. Build tags are not looked at: each file counts.
func imports(t *testing.T) []arrow {
	t.Helper()
	var arrows []arrow
	for _, name := range goFiles(t) {
		from := path.Dir(name)
		for _, imported := range importsOf(t, name) {
			if to, ours := strings.CutPrefix(imported, module+"/"); ours && to != from {
				arrows = append(arrows, arrow{from, to, name, strings.HasSuffix(name, "_test.go")})
			}
		}
	}
	return arrows
}

func importsOf(t *testing.T, name string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, name), nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, spec := range file.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, p)
	}
	return paths
}

// goFiles lists the Go files of the product's module, by slash path from its root.
func goFiles(t *testing.T) []string {
	t.Helper()
	return slices.DeleteFunc(files(t), func(name string) bool {
		return !strings.HasSuffix(name, ".go") || strings.HasPrefix(name, "tools/") || strings.Contains(name, "testdata/")
	})
}

// files lists every file that stands in the tree, by slash path from its root.
func files(t *testing.T) []string {
	t.Helper()
	var names []string
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && slices.Contains([]string{".git", "node_modules", "data", "dist"}, name):
			return fs.SkipDir
		case name == ".git": // a file in a linked work tree
		case d.Type().IsRegular():
			names = append(names, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}
