package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"

	"modicum/catalog"
)

// reply is one answer of the gate.
type reply struct {
	status   int
	decision string
	body     []byte
}

// ask asks the gate as a person, for the person's task.
func (d *demo) ask(ctx context.Context, p *staff, path string) (*reply, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.public+"/fhir/"+path, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+p.Token)
	req.Header.Set("Modicum-Task", p.Tasks[0])
	res, body, err := d.get(req)
	if err != nil {
		return nil, err
	}
	if res.StatusCode >= 500 {
		return nil, errors.New("the gate answered " + res.Status)
	}
	return &reply{status: res.StatusCode, decision: res.Header.Get("Modicum-Decision"), body: body}, nil
}

// original asks the upstream itself, for the comparison.
func (d *demo) original(ctx context.Context, path string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.upstream+"/"+path, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/fhir+json")
	res, body, err := d.get(req)
	if err != nil {
		return nil, err
	}
	if res.StatusCode != http.StatusOK {
		return nil, errors.New("the upstream answered " + res.Status)
	}
	return body, nil
}

func (d *demo) get(req *http.Request) (*http.Response, []byte, error) {
	res, err := d.client.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 16<<20))
	return res, body, err
}

// record is one record of a chart as the upstream has it.
type record struct {
	typ, id string
	src     []byte // without spaces
	tree    *node
	marks   []string // titles of the overlays that lie on it
}

// chartTypes are the kinds of record that the story and the page look at.
var chartTypes = []string{
	"Coverage", "Encounter", "Condition", "Observation", "MedicationRequest", "AllergyIntolerance", "DocumentReference",
	"Claim", "Appointment", "CareTeam", "Task",
}

// chart is what the upstream has of a patient: the cover sheet first.
func (d *demo) chart(ctx context.Context, patient string) ([]record, error) {
	sheet, err := d.original(ctx, "Patient/"+patient)
	if err != nil {
		return nil, err
	}
	out, err := d.appendRecord(nil, sheet)
	if err != nil {
		return nil, err
	}
	for _, typ := range chartTypes {
		body, err := d.original(ctx, typ+"?patient=Patient/"+patient+"&_count=50")
		if err != nil {
			return nil, err
		}
		if out, err = d.appendEntries(out, body); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (d *demo) appendEntries(out []record, bundle []byte) ([]record, error) {
	var b struct {
		Entry []struct{ Resource json.RawMessage }
	}
	err := json.Unmarshal(bundle, &b)
	for _, e := range b.Entry {
		if err != nil {
			break
		}
		out, err = d.appendRecord(out, e.Resource)
	}
	return out, err
}

func (d *demo) appendRecord(out []record, body []byte) ([]record, error) {
	var src bytes.Buffer
	if err := json.Compact(&src, body); err != nil {
		return out, err
	}
	tree, err := parse(src.Bytes())
	if err != nil {
		return out, err
	}
	r := record{tree.str("resourceType"), tree.str("id"), src.Bytes(), tree, d.marks(src.Bytes())}
	r.order()
	return append(out, r), nil
}

// order puts the elements into the order of the FHIR definition, whatever the
// server's is.
func (r *record) order() {
	cat := catalog.R4()
	t, ok := cat.Type(r.typ)
	if !ok {
		return
	}
	root := cat.Root(t)
	place := func(n *node) int {
		child, _ := cat.Child(root, []byte(n.name))
		return slices.Index(cat.Children(root), child)
	}
	slices.SortStableFunc(r.tree.kids, func(a, b *node) int { return place(a) - place(b) })
}

// marks are the overlays of a record, by title.
func (d *demo) marks(src []byte) (titles []string) {
	scanner := d.scans.Get()
	defer d.scans.Put(scanner)
	rec, err := scanner.Resource(src)
	if err != nil {
		return nil
	}
	cat := scanner.Catalog()
	for o := range rec.Overlays.All {
		if info := cat.Info(cat.OverlayClass(o)); info != nil {
			titles = append(titles, info.Title)
		}
	}
	return titles
}

// lookUp is what the front desk does first: it finds the patient by name and date
// of birth, as told at the desk.
func (d *demo) lookUp(ctx context.Context, p *staff, cover *record) error {
	if p.Role != "registration" {
		return nil
	}
	family, birth := cover.tree.str("name", "family"), cover.tree.str("birthDate")
	_, err := d.ask(ctx, p, "Patient?family="+family+"&birthdate="+birth)
	return err
}

func (d *demo) person(id string) *staff {
	i := slices.IndexFunc(d.people, func(p staff) bool { return p.ID == id })
	if i < 0 {
		return nil
	}
	return &d.people[i]
}
