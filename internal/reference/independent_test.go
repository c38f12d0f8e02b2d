package reference_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// mayImport is all that the model may know of this module, and the reader of JSON.
var mayImport = []string{"modicum/catalog", "modicum/policy", "modicum/policy/doc", "github.com/go-json-experiment/json/jsontext"}

// mayName are the types and constants of the engine's package that say what is asked
// and answered. Nothing among them decides: without Set and Plan, Load and Compile
// there is no way to a method that does.
var mayName = strings.Fields(`
	View Treatment Omit Mask Token Coarse Last4 Keep
	Verb Read Search Create Update Export
	Why Admitted NoRole RolesInConflict UnknownTask UnknownPurpose PurposeUnstated PurposesDiffer NoVerb CallerFacts
	ShowsNothing NeverKept CannotMeet TooManyLines MaxLines
	Limits Rates`)

// TestN8_TheModelSharesNothingWithTheEngineButTypes: otherwise an error could be in
// both and N8 would agree on it.
func TestN8_TheModelSharesNothingWithTheEngineButTypes(t *testing.T) {
	names, err := fs.Glob(os.DirFS("."), "*.go")
	if err != nil {
		t.Fatal(err)
	}
	files := 0
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		files++
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, wrong := range shared(t, name, string(text)) {
			t.Error(wrong)
		}
	}
	if files < 8 {
		t.Errorf("looked at %d files only", files)
	}
}

// TestN8_SharingIsFound shows that the test above can fail.
func TestN8_SharingIsFound(t *testing.T) {
	for _, body := range []string{
		`import "modicum/internal/fhirjson"; var _ fhirjson.Shape`,
		`import "modicum/policy"; func f(s *policy.Set) {}`,
		`import "modicum/policy"; func f(p *policy.Plan) {}`,
		`import p "modicum/policy"; var _ p.View`,
		`import . "modicum/policy"; var _ View`,
		`import "modicum/policy"; var _ = policy.Compile`,
	} {
		if len(shared(t, "x.go", "package x\n"+body)) == 0 {
			t.Errorf("not found: %s", body)
		}
	}
}

// shared lists what a file has of the engine beyond its types.
func shared(t *testing.T, name, text string) (wrong []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), name, text, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, spec := range file.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(path, ".") || strings.HasPrefix(path, "modicum/") {
			if !slices.Contains(mayImport, path) || spec.Name != nil {
				wrong = append(wrong, fmt.Sprintf("%s imports %s", name, path))
			}
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if pkg, ok := sel.X.(*ast.Ident); ok && pkg.Name == "policy" && !slices.Contains(mayName, sel.Sel.Name) {
			wrong = append(wrong, fmt.Sprintf("%s names policy.%s", name, sel.Sel.Name))
		}
		return true
	})
	return wrong
}
