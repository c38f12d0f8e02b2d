package scim

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
)

// mostOperations of one PATCH.
const mostOperations = 1000

// operation is one of a PATCH, RFC 7644 section 3.5.2.
type operation struct {
	op    string // add, remove, replace
	path  string
	value any
	given bool // a value was
}

// operations reads a PATCH as clients write it: operators in any case (Entra), the list
// under any spelling of its name.
func operations(body object) ([]operation, error) {
	raw, ok := member(body, "Operations").([]any)
	if !ok || len(raw) == 0 {
		return nil, bad(invalidSyntax, "A PATCH has a list of Operations.")
	}
	if len(raw) > mostOperations {
		return nil, bad(tooMany, "A PATCH has at most 1000 Operations.")
	}
	var out []operation
	for _, e := range raw {
		o, ok := e.(object)
		if !ok {
			return nil, bad(invalidSyntax, "An operation is an object.")
		}
		op, _ := member(o, "op").(string)
		at, isPath := member(o, "path").(string)
		if member(o, "path") != nil && !isPath {
			return nil, bad(invalidPath, "A path is a string.")
		}
		one := operation{op: strings.ToLower(op), path: at, value: member(o, "value")}
		one.given = one.value != nil
		if !slices.Contains([]string{"add", "remove", "replace"}, one.op) {
			return nil, bad(invalidSyntax, "An op is add, remove or replace.")
		}
		out = append(out, one)
	}
	return out, nil
}

// member reads a member of an object whatever the case of its name.
func member(o object, name string) any {
	for n, v := range o {
		if strings.EqualFold(n, name) {
			return v
		}
	}
	return nil
}

// patch applies operations to a resource, all of them or, with an error, none: the
// caller throws the object away then.
func (r *resource) patch(o object, ops []operation) error {
	for _, op := range ops {
		if err := r.apply(o, op); err != nil {
			return err
		}
	}
	return nil
}

func (r *resource) apply(o object, op operation) error {
	if op.path == "" {
		return r.applyAll(o, op)
	}
	p, kept, err := r.target(op.path)
	if err != nil || !kept {
		return err
	}
	return r.applyAt(o, p, op)
}

// applyAll: without a path the value is an object of attributes. Its names may be paths
// (Okta and Entra), and what the server decides by itself is left alone.
func (r *resource) applyAll(o object, op operation) error {
	if op.op == "remove" {
		return bad(noTarget, "A remove names its path.")
	}
	value, ok := op.value.(object)
	if !ok {
		return bad(invalidValue, "Without a path the value is an object.")
	}
	for _, name := range slices.Sorted(maps.Keys(value)) {
		w, known := r.lookup(name)
		if strings.EqualFold(name, "schemas") || known && w.attr != nil && r.mutability(w.attr) == "readOnly" {
			continue
		}
		p, kept, err := r.target(name)
		if err != nil {
			return err
		}
		if !kept {
			continue
		}
		if err := r.applyAt(o, p, operation{op: op.op, value: value[name], given: value[name] != nil}); err != nil {
			return err
		}
	}
	return nil
}

// applyAt does one operation at one place.
func (r *resource) applyAt(o object, p path, op operation) error {
	if p.attr == nil {
		return r.applyExtension(o, p.urn, op)
	}
	if m := r.mutability(p.attr); m == "readOnly" {
		return bad(mutability, p.attr.name+" is read-only.")
	}
	if op.op != "remove" && !op.given {
		if op.op == "add" {
			return bad(invalidValue, "An add has a value.")
		}
		op.op = "remove" // replaced by nothing
	}
	part := r.part(o, p.urn)
	defer func() {
		if p.urn != "" && len(part) == 0 {
			delete(o, p.urn)
		}
	}()
	before := part[p.attr.name]
	if err := change(part, p, op); err != nil {
		return err
	}
	return r.allowed(p.attr, before, part[p.attr.name])
}

func (r *resource) applyExtension(o object, urn string, op operation) error {
	if op.op == "remove" {
		delete(o, urn)
		return nil
	}
	value, ok := op.value.(object)
	if !ok {
		return bad(invalidValue, "An extension is an object.")
	}
	if op.op == "replace" {
		delete(o, urn)
	}
	in := object{}
	for name, v := range value {
		if strings.EqualFold(name, "schemas") {
			continue
		}
		if _, qualified, _ := r.split(name); qualified == name {
			name = urn + ":" + name
		}
		in[name] = v
	}
	return r.applyAll(o, operation{op: "add", value: in, given: true})
}

// allowed refuses what the attribute's own rules forbid.
func (r *resource) allowed(a *attribute, before, after any) error {
	if a.required && after == nil {
		return bad(mutability, a.name+" is required and cannot be removed.")
	}
	if r.mutability(a) == "immutable" && before != nil && !reflect.DeepEqual(before, after) && !sameText(a, before, after) {
		return bad(mutability, a.name+" cannot be changed once it is set.")
	}
	return nil
}

func sameText(a *attribute, x, y any) bool {
	s, ok1 := x.(string)
	t, ok2 := y.(string)
	return ok1 && ok2 && !a.exact && strings.EqualFold(s, t)
}

// change writes into the object that holds the attribute.
func change(part object, p path, op operation) error {
	switch {
	case p.fits != nil:
		return changeFitting(part, p, op)
	case p.sub != nil:
		return changePart(part, p, op)
	case op.op == "remove":
		return remove(part, p.attr, op)
	}
	v, err := coerce(p.attr, op.value)
	if err != nil {
		return err
	}
	if v == nil {
		if op.op == "replace" {
			delete(part, p.attr.name)
		}
		return nil
	}
	if op.op == "add" {
		v = joined(p.attr, part[p.attr.name], v)
	}
	part[p.attr.name] = v
	return nil
}

// remove takes an attribute away, or of several values those that are named: so Entra
// takes members out of a group.
func remove(part object, a *attribute, op operation) error {
	if !op.given || !a.many {
		delete(part, a.name)
		return nil
	}
	v, err := coerce(a, op.value)
	if err != nil {
		return err
	}
	gone, ok := v.([]any)
	if !ok {
		return bad(invalidValue, "The values to remove are none.")
	}
	names := map[string]bool{}
	for _, g := range gone {
		names[identity(g)] = true
	}
	old, _ := part[a.name].([]any)
	setList(part, a, slices.DeleteFunc(slices.Clone(old), func(v any) bool { return names[identity(v)] }))
	return nil
}

func setList(part object, a *attribute, l []any) {
	if len(l) == 0 {
		delete(part, a.name)
		return
	}
	part[a.name] = l
}

// identity is what makes a value of a list that value: its part `value`, else all of it.
func identity(v any) string {
	if o, ok := v.(object); ok && str(o, "value") != "" {
		return str(o, "value")
	}
	text, _ := json.Marshal(v, json.Deterministic(true)) // of what was decoded from JSON
	return string(text)
}

// joined adds to what is there: parts to parts, values to a list that has them not.
func joined(a *attribute, old, now any) any {
	if !a.many {
		o, ok1 := old.(object)
		n, ok2 := now.(object)
		if !ok1 || !ok2 {
			return now
		}
		out := maps.Clone(o)
		maps.Copy(out, n)
		return out
	}
	had, _ := old.([]any)
	at := map[string]int{}
	out := slices.Clone(had)
	for i, v := range out {
		at[identity(v)] = i
	}
	for _, v := range now.([]any) {
		if i, has := at[identity(v)]; has {
			out[i] = v
			continue
		}
		at[identity(v)] = len(out)
		out = append(out, v)
	}
	return onePrimary(out, now.([]any))
}

// onePrimary leaves at most one primary value: of those that were given last.
func onePrimary(all, given []any) []any {
	last := ""
	for _, v := range given {
		if o, ok := v.(object); ok && o["primary"] == true {
			last = identity(v)
		}
	}
	if last == "" {
		return all
	}
	for i, v := range all {
		if o, ok := v.(object); ok && o["primary"] == true && identity(v) != last {
			o = maps.Clone(o)
			o["primary"] = false
			all[i] = o
		}
	}
	return all
}

// changePart acts on a part of an attribute: of each value where there are several.
func changePart(part object, p path, op operation) error {
	if p.attr.many {
		return changeFitting(part, p, op)
	}
	o := maps.Clone(sub(part, p.attr.name))
	if o == nil {
		o = object{}
	}
	if err := setPart(o, p.sub, op); err != nil {
		return err
	}
	if len(o) == 0 {
		delete(part, p.attr.name)
		return nil
	}
	part[p.attr.name] = o
	return nil
}

func setPart(o object, a *attribute, op operation) error {
	if op.op == "remove" {
		delete(o, a.name)
		return nil
	}
	v, err := coerce(a, op.value)
	if err != nil {
		return err
	}
	if v == nil {
		delete(o, a.name)
		return nil
	}
	o[a.name] = v
	return nil
}

// changeFitting acts on those values of a list that fit the brackets.
func changeFitting(part object, p path, op operation) error {
	old, _ := part[p.attr.name].([]any)
	var out, touched []any
	found := false
	for _, v := range old {
		o, ok := v.(object)
		if !ok || !p.fits.match(o) {
			out = append(out, v)
			continue
		}
		found = true
		if op.op == "remove" && p.sub == nil {
			continue
		}
		next, err := changed(o, p, op)
		if err != nil {
			return err
		}
		if len(next) > 0 {
			out, touched = append(out, next), append(touched, next)
		}
	}
	if !found && op.op != "remove" {
		made, err := p.made(op)
		if err != nil {
			return err
		}
		out, touched = append(out, made), append(touched, made)
	}
	setList(part, p.attr, onePrimary(out, touched))
	return nil
}

// changed is one value after an operation on it or on a part of it.
func changed(o object, p path, op operation) (object, error) {
	o = maps.Clone(o)
	if p.sub != nil {
		return o, setPart(o, p.sub, op)
	}
	v, err := one(p.attr, op.value)
	if err != nil {
		return nil, err
	}
	next, ok := v.(object)
	if !ok {
		return nil, wrong(p.attr, "an object")
	}
	if op.op == "add" {
		maps.Copy(o, next)
		return o, nil
	}
	return next, nil
}

// made is the value that brackets describe where none fits them: so Entra sets the first
// emails[type eq "work"].value. Only plain equalities describe one.
func (p *path) made(op operation) (object, error) {
	o := object{}
	terms := p.fits.conjuncts()
	for _, t := range terms {
		if t.op != "eq" || t.w.attr == nil || t.value == nil {
			return nil, bad(noTarget, "No value fits the brackets of the path.")
		}
		v, err := coerce(t.w.attr, t.value)
		if err != nil {
			return nil, err
		}
		o[t.w.attr.name] = v
	}
	if len(terms) == 0 {
		return nil, bad(noTarget, "There is no value to change.")
	}
	return changed(o, path{where: p.where}, operation{op: "add", value: op.value, given: true})
}

// conjuncts are the terms of a filter that is nothing but their conjunction; of another
// filter one that is no equality.
func (e *expr) conjuncts() []*expr {
	switch {
	case e == nil:
		return nil
	case e.and != nil:
		var out []*expr
		for _, x := range e.and {
			out = append(out, x.conjuncts()...)
		}
		return out
	}
	return []*expr{e}
}
