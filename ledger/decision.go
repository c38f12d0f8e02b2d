package ledger

import "strings"

// Decision is written when a request was admitted or refused, before anything
// protected leaves. Fields are in the order of their keys, which makes the
// encoding canonical.
type Decision struct {
	Alerts      []string   `json:"alerts,omitempty"` // overlays that are watched
	Asked       []string   `json:"asked,omitempty"`  // type, names of parameters with modifiers; never values
	At          int64      `json:"at"`               // microseconds since 1970, UTC
	Behalf      string     `json:"behalf,omitempty"` // for whom, when delegated
	Client      string     `json:"client,omitempty"`
	Door        string     `json:"door"`
	Effect      Effect     `json:"effect"`
	Exemption   string     `json:"exemption,omitempty"`
	Facts       Facts      `json:"facts,omitzero"` // about the caller
	Flow        string     `json:"flow,omitempty"`
	Generation  Generation `json:"generation,omitzero"`
	Grant       string     `json:"grant,omitempty"` // ids of what is lent that may count, with blanks between
	ID          string     `json:"id"`              // UUIDv7
	Interaction string     `json:"interaction"`
	Kind        Kind       `json:"kind"`
	Mode        Mode       `json:"mode,omitempty"` // of the door, for this caller; empty enforces
	Network     string     `json:"network,omitempty"`
	Obligations []string   `json:"obligations,omitempty"`
	PartOf      string     `json:"part_of,omitempty"`  // id of the first decision of the same answer, where it rests on several
	Patients    []string   `json:"patients,omitempty"` // keyed references, at most MaxPatients
	Purpose     string     `json:"purpose,omitempty"`
	PurposeCode string     `json:"purpose_code,omitempty"` // HL7 v3 PurposeOfUse
	Reasons     []string   `json:"reasons,omitempty"`      // ids of lines and restrictions, refusal code
	Request     Request    `json:"request,omitzero"`
	Role        string     `json:"role,omitempty"`
	Roles       []string   `json:"roles,omitempty"`
	Schema      int        `json:"schema"`
	Scope       string     `json:"scope,omitempty"`
	Scopes      []string   `json:"scopes,omitempty"` // SMART scopes of the token, without the values of their queries
	Status      int64      `json:"status,omitzero"`  // status code of the door's protocol, where already known
	Task        string     `json:"task,omitempty"`
	TimeTrusted bool       `json:"time_trusted"`
	View        View       `json:"view,omitempty"`  // the widest that may come of it
	Who         string     `json:"who"`             // person or program
	Would       Effect     `json:"would,omitempty"` // observed and admitted: refuse, where enforcing would have refused, for Reasons
}

// Facts are the names of facts about the caller, by value.
type Facts struct {
	Bites   []string `json:"bites,omitempty"`
	Holds   []string `json:"holds,omitempty"`
	Unknown []string `json:"unknown,omitempty"`
}

// Request is what was asked of the policy, so that it can be asked again: names
// of the policy and catalog only. Class names and words are sorted.
type Request struct {
	Exception bool     `json:"exception,omitzero"` // one more field was lent to the caller
	Find      []string `json:"find,omitempty"`     // ids of the tasks whose look-up of a patient by what the desk was told it is
	Found     []string `json:"found,omitempty"`    // roles in which the patient read was looked up before, so that `found` holds
	Glass     bool     `json:"glass,omitzero"`     // the glass was broken
	Lent      []string `json:"lent,omitempty"`     // classes that an exception lends, in all
	Meets     []string `json:"meets,omitempty"`    // obligations that the door can keep
	Partner   string   `json:"partner,omitempty"`
	Program   string   `json:"program,omitempty"`
	Purpose   string   `json:"purpose,omitempty"` // as stated
	Reads     []string `json:"reads,omitempty"`   // classes that the criteria read
	Shows     []string `json:"shows,omitempty"`   // classes that what was asked for can bear
	Sorts     []string `json:"sorts,omitempty"`
	Task      string   `json:"task,omitempty"` // as stated
	To        []string `json:"to,omitempty"`   // recipients
	Verb      string   `json:"verb,omitempty"`
}

func (r *Request) check(c *checker) {
	c.strings("request", r.Partner, r.Program, r.Purpose, r.Task, r.Verb)
	for _, list := range [...][]string{r.Find, r.Found, r.Lent, r.Meets, r.Reads, r.Shows, r.Sorts, r.To} {
		c.strings("request", list...)
	}
}

// Generation names the policy, the catalog and the engine that decided.
type Generation struct {
	Catalog   string `json:"catalog,omitempty"` // hash, hex
	Policy    string `json:"policy,omitempty"`  // hash, hex
	Semantics int64  `json:"semantics,omitzero"`
}

// Header implements Entry.
func (d *Decision) Header() Header {
	return Header{Kind: KindDecision, ID: d.ID, At: d.At, Who: d.Who, Role: d.Role, Task: d.Task, Effect: d.Effect, Patients: d.Patients, Grants: strings.Fields(d.Grant)}
}

func (d *Decision) check() error {
	var c checker
	c.base(d.Schema, d.Kind, KindDecision, d.ID, d.At)
	c.need("who", d.Who)
	c.need("door", d.Door)
	c.need("interaction", d.Interaction)
	if d.Effect != Admit && d.Effect != Refuse {
		c.failf("effect must be %q or %q", Admit, Refuse)
	}
	if d.Mode != "" && d.Mode != Observe {
		c.failf("mode must be %q or left out", Observe)
	}
	if d.Would != "" && (d.Would != Refuse || d.Mode != Observe || d.Effect != Admit) {
		c.failf("would is %q, of a decision that was observed and admitted", Refuse)
	}
	if d.PartOf != "" && !isUUIDv7(d.PartOf) {
		c.failf("part_of must be a lower-case UUIDv7")
	}
	c.strings("behalf, client, exemption, flow, grant, network, purpose, purpose_code, role, scope, task",
		d.Behalf, d.Client, d.Exemption, d.Flow, d.Grant, d.Network, d.Purpose, d.PurposeCode, d.Role, d.Scope, d.Task)
	c.strings("alerts", d.Alerts...)
	c.strings("asked", d.Asked...)
	c.strings("obligations", d.Obligations...)
	c.strings("reasons", d.Reasons...)
	c.strings("roles", d.Roles...)
	c.strings("scopes", d.Scopes...)
	c.strings("facts.bites", d.Facts.Bites...)
	c.strings("facts.holds", d.Facts.Holds...)
	c.strings("facts.unknown", d.Facts.Unknown...)
	d.Request.check(&c)
	c.strings("generation", d.Generation.Catalog, d.Generation.Policy)
	c.ints("generation.semantics", d.Generation.Semantics)
	c.ints("status", d.Status)
	c.patients(d.Patients)
	c.view("view", d.View)
	return c.err()
}
