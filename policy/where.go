package policy

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/env"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// whereCost bounds one evaluation of a `where`; a condition compares a few
// values, which costs some tens of units.
const whereCost = 2000

// maxWhere is the longest `where`, in bytes.
const maxWhere = 1024

// WhereInput is what a `where` may look at: one instance of the fact, the
// caller, and the time of the request.
type WhereInput struct {
	// Values are those the instance states: string for text, float64 for
	// number, time.Time for time, bool for yes-no. An absent key is absent.
	Values     map[string]any
	Department string // of the caller
	Facility   string // of the caller
	Assurance  string // of the caller's sign-in
	Now        time.Time
}

// where is a compiled CEL expression.
type where struct {
	prg     cel.Program
	usesNow bool
}

// Where evaluates a condition on one instance of its fact. A fault and a cost
// beyond the limit mean that it does not hold, as does a fact without a where.
func (s *Set) Where(id FactID, in WhereInput) bool {
	if int(id) >= len(s.wheres) || s.wheres[id] == nil {
		return false
	}
	out, _, err := s.wheres[id].prg.Eval(map[string]any{
		"fact":   in.Values,
		"caller": map[string]any{"department": in.Department, "facility": in.Facility, "assurance": in.Assurance},
		"now":    in.Now,
	})
	return err == nil && out == types.True
}

// UsesNow reports whether a condition reads the time: a decision that rests on
// it is good for one minute.
func (s *Set) UsesNow(id FactID) bool {
	return int(id) < len(s.wheres) && s.wheres[id] != nil && s.wheres[id].usesNow
}

// compileWhere checks and compiles a `where` against the values its fact declares.
func compileWhere(text string, values map[string]string) (*where, error) {
	if len(text) > maxWhere {
		return nil, fmt.Errorf("the expression is longer than %d bytes", maxWhere)
	}
	e, err := whereEnv(values)
	if err != nil {
		return nil, err
	}
	tree, iss := e.Compile(text)
	if err := iss.Err(); err != nil {
		return nil, whereError(iss)
	}
	if tree.OutputType() != cel.BoolType {
		return nil, fmt.Errorf("the expression must say yes or no, not %s", tree.OutputType())
	}
	if makesObject(tree.NativeRep()) {
		return nil, errors.New("objects cannot be made here")
	}
	prg, err := e.Program(tree, cel.CostLimit(whereCost), cel.EvalOptions(cel.OptOptimize))
	if err != nil {
		return nil, fmt.Errorf("the expression cannot be compiled: %w", err)
	}
	return &where{prg: prg, usesNow: mentions(tree.NativeRep().Expr(), "now")}, nil
}

// whereError says what is wrong with an expression, and at which column of it.
func whereError(iss *cel.Issues) error {
	var parts []string
	for _, e := range iss.Errors() {
		parts = append(parts, fmt.Sprintf("column %d of the expression: %s", e.Location.Column()+1, strings.ReplaceAll(e.Message, "\n", " ")))
	}
	return fmt.Errorf("%s", strings.Join(parts, "; "))
}

// mentions reports whether an identifier occurs in an expression.
func mentions(e ast.Expr, name string) bool {
	found := false
	ast.PreOrderVisit(e, ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() == ast.IdentKind && e.AsIdent() == name {
			found = true
		}
	}))
	return found
}

func makesObject(tree *ast.AST) bool {
	return len(ast.MatchDescendants(ast.NavigateAST(tree), ast.KindMatcher(ast.StructKind))) > 0
}

// whereEnv is CEL with `has` and nothing that loops or matches patterns, so that
// the cost of an expression is bounded by its length.
func whereEnv(values map[string]string) (*cel.Env, error) {
	fact := map[string]*types.Type{}
	for name, kind := range values {
		fact[name] = valueTypes[kind]
	}
	caller := map[string]*types.Type{"department": types.StringType, "facility": types.StringType, "assurance": types.StringType}
	reg, err := types.NewRegistry()
	if err != nil {
		return nil, err
	}
	return cel.NewCustomEnv(
		cel.StdLib(cel.StdLibSubset(&env.LibrarySubset{
			DisableMacros:    true,
			ExcludeFunctions: []*env.Function{env.NewFunction("matches")},
		})),
		cel.Macros(cel.HasMacro),
		cel.CrossTypeNumericComparisons(true),
		cel.ParserExpressionSizeLimit(maxWhere),
		cel.ParserRecursionLimit(64),
		cel.CustomTypeProvider(&structs{Registry: reg, fields: map[string]map[string]*types.Type{"fact": fact, "caller": caller}}),
		cel.CustomTypeAdapter(reg),
		cel.Variable("fact", types.NewObjectType("fact")),
		cel.Variable("caller", types.NewObjectType("caller")),
		cel.Variable("now", types.TimestampType),
	)
}

var valueTypes = map[string]*types.Type{
	"text": types.StringType, "number": types.DoubleType, "time": types.TimestampType, "yes-no": types.BoolType,
}

// structs gives CEL the fields of `fact` and `caller`, so that a misspelt value
// is found when the policy is compiled, not when a patient waits.
type structs struct {
	*types.Registry
	fields map[string]map[string]*types.Type
}

// FindStructType implements types.Provider.
func (p *structs) FindStructType(name string) (*types.Type, bool) {
	if _, ok := p.fields[name]; ok {
		return types.NewTypeTypeWithParam(types.NewObjectType(name)), true
	}
	return nil, false
}

// FindStructFieldNames implements types.Provider.
func (p *structs) FindStructFieldNames(name string) ([]string, bool) {
	var names []string
	for n := range p.fields[name] {
		names = append(names, n)
	}
	return names, p.fields[name] != nil
}

// FindStructFieldType implements types.Provider. Values of another type than
// declared are a fault.
func (p *structs) FindStructFieldType(name, field string) (*types.FieldType, bool) {
	t, ok := p.fields[name][field]
	if !ok {
		return nil, false
	}
	return &types.FieldType{
		Type:  t,
		IsSet: func(target any) bool { m, ok := target.(map[string]any); return ok && m[field] != nil },
		GetFrom: func(target any) (any, error) {
			m, _ := target.(map[string]any)
			v := m[field]
			if v == nil || p.NativeToValue(v).Type() != t {
				return nil, fmt.Errorf("no such value")
			}
			return v, nil
		},
	}, true
}

// NewValue implements types.Provider: an expression makes no objects.
func (p *structs) NewValue(string, map[string]ref.Val) ref.Val {
	return types.NewErr("objects cannot be made here")
}
