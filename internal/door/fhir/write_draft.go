package fhir

import (
	"context"

	"modicum/catalog"
	"modicum/internal/defect"
	"modicum/internal/fhirjson"
	"modicum/internal/gate"
	"modicum/internal/problem"
)

// draft reads what was sent as the record that it would become: under the id that we
// give, without the version and date that the server gives.
func (x *exchange) draft(sc *fhirjson.Scanner, b *birth, sent []byte) (*fhirjson.Record, error) {
	if _, err := sc.Resource(sent); err != nil {
		return nil, problem.Malformed // FC47: read strictly, before anything is put together of it
	}
	doc, err := takeApart(sent)
	if err != nil || string(doc.get("resourceType")) != string(quoted(b.at.typ)) {
		return nil, problem.Mismatch
	}
	meta, err := x.ownMeta(doc.get("meta"))
	if err != nil {
		return nil, err
	}
	b.doc = doc.without("resourceType", "id", "meta")
	if meta != nil {
		b.doc = b.doc.put(field{"meta", meta})
	}
	b.doc = b.doc.put(field{"resourceType", quoted(b.at.typ)}, field{"id", quoted(b.at.id)})
	b.text = b.doc.text()
	rec, err := sc.Resource(b.text)
	if err != nil || rec.Withheld || rec.UnknownPatient {
		return nil, problem.Incomplete // an unknown modifier, a reference that names nobody who can be told
	}
	return rec, nil
}

// ownMeta is meta without what the server says of every record, nil where nothing is
// left of it.
func (x *exchange) ownMeta(meta []byte) ([]byte, error) {
	if meta == nil {
		return nil, nil
	}
	doc, err := takeApart(meta)
	if err != nil {
		return nil, problem.Malformed
	}
	if doc = doc.without("versionId", "lastUpdated", "source"); string(doc.get("tag")) == subsettedOnly {
		doc = doc.without("tag")
	}
	if len(doc) == 0 {
		return nil, nil
	}
	return doc.text(), nil
}

// subsettedOnly is the tag that stands in every record that we show.
const subsettedOnly = `[{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"SUBSETTED"}]`

// permit judges the new record: of patients in scope, of a kind that does not decide
// the maker's own access (F10), with nothing in it that no line lets the maker write.
func (x *exchange) permit(ctx context.Context, sc *fhirjson.Scanner, b *birth, rec *fhirjson.Record, reads *gate.Session) (*gate.Judgement, error) {
	if !x.session.MayMake() {
		return nil, problem.Decides.With(hintAt(b.at.typ))
	}
	recs := []*fhirjson.Record{rec}
	js, err := x.session.Judge(ctx, recs, nil)
	if err != nil {
		return nil, x.problemOf(err)
	}
	j := &js[0]
	switch {
	case !j.There && j.Verdict.View.Empty():
		x.session.Withhold(j)
		return nil, problem.NotFound // out of scope, hidden or absent: nobody can tell which (N4)
	case !j.There:
		x.session.Withhold(j)
		return nil, problem.NotWritable.With(hintAt(b.at.typ))
	}
	if reads != nil {
		if err := reads.Resolve(ctx, recs, js); err != nil {
			return nil, x.problemOf(err)
		}
	}
	if err := x.writable(sc, b, rec, j, reads); err != nil {
		x.session.Withhold(j)
		return nil, err
	}
	return j, nil
}

// writable projects the new record as its maker may write it: what would not come out
// as it went in may not go in.
func (x *exchange) writable(sc *fhirjson.Scanner, b *birth, rec *fhirjson.Record, j *gate.Judgement, reads *gate.Session) error {
	if defect.On(defect.UnwritableTaken) {
		return nil
	}
	if frozen := x.frozenIn(b); len(frozen) > 0 {
		return problem.Decides.With(hintAt(frozen...))
	}
	sh := x.session.Shape(j, func(t catalog.Type, id []byte) bool {
		return defect.On(defect.TargetsUnproven) || reads != nil && reads.Sees(t, id) || x.makes(t, id)
	})
	var gaps []problem.Element
	sh.Trace = func(g fhirjson.Gap) { gaps = append(gaps, problem.Element{Path: g.Path, Why: g.Reason.String()}) }
	out, result, err := sc.Project(nil, rec, sh)
	sh.Trace = nil
	switch {
	case err != nil:
		return err
	case len(gaps) > 0:
		return problem.NotWritable.With(problem.Hint{Elements: gaps})
	}
	if missing := x.missingIn(b); len(missing) > 0 {
		return problem.Incomplete.With(hintAt(missing...))
	}
	if !result.There || !sameBut(out, b.text) {
		return problem.Incomplete
	}
	return nil
}

// missingIn lists the mandatory members that the new record does not have.
func (x *exchange) missingIn(b *birth) []string {
	cat := x.catalog()
	root := cat.Root(b.typ)
	has := make(map[catalog.NodeID]bool)
	for _, f := range b.doc {
		n, _ := cat.Child(root, []byte(f.name))
		has[n] = n != 0
		if of := cat.Node(n).ChoiceOf; of != 0 {
			has[of] = true
		}
	}
	var out []string
	for _, m := range cat.MandatoryChildren(root) {
		if of := cat.Node(m).ChoiceOf; !has[m] && (of == 0 || !has[of]) && cat.Node(m).Name != "id" {
			out = append(out, cat.Node(m).Path)
		}
	}
	return out
}

// hintAt names elements.
func hintAt(paths ...string) problem.Hint {
	var h problem.Hint
	for _, p := range paths {
		h.Elements = append(h.Elements, problem.Element{Path: p})
	}
	return h
}

// frozenIn lists the new record's members that nobody may write who depends on them.
func (x *exchange) frozenIn(b *birth) []string {
	frozen := x.session.Frozen()
	var out []string
	for _, f := range b.doc {
		if n, _ := x.catalog().Child(x.catalog().Root(b.typ), []byte(f.name)); frozen[n] {
			out = append(out, x.catalog().Node(n).Path)
		}
	}
	return out
}

// sameBut compares two records, their meta left aside: what shows always has the tag
// that says "a part".
func sameBut(a, b []byte) bool {
	x, err := takeApart(a)
	y, other := takeApart(b)
	return err == nil && other == nil && string(x.without("meta").text()) == string(y.without("meta").text())
}
