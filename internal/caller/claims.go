package caller

import (
	"net/url"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"modicum/internal/jws"
)

// reading makes a Caller of verified claims.
type reading struct {
	issuer *Issuer
	bases  []string // of FHIR servers whose absolute fhirUser is ours
	claims claims
}

func (r *reading) caller() (*Caller, Reason) {
	c := &Caller{Issuer: r.issuer.Issuer}
	for _, step := range []func(*Caller) bool{r.who, r.client, r.roles, r.place, r.fhirUser, r.assurance, r.scopes, r.purpose} {
		if !step(c) {
			return nil, BadClaims
		}
	}
	// A token bound to a key (RFC 7800, 8705, 9449) is worth nothing without the
	// proof, which a bearer does not bring.
	if _, has := r.claims["cnf"]; has {
		return nil, Bound
	}
	if otherKind(r.claims) {
		return nil, BadType
	}
	if !r.actor(c) {
		return nil, BadActor
	}
	return c, NoReason
}

// otherKind reports whether a token is no access token, though its header says as much
// as that of one: a security event or log-out token (RFC 8417), an ID token by the
// hashes that only it has (OpenID Connect Core 3.1.3.6, 3.3.2.11), or what Keycloak
// says in a claim of its own.
func otherKind(c claims) bool {
	for _, name := range [...]string{"events", "at_hash", "c_hash"} {
		if _, has := c[name]; has {
			return true
		}
	}
	typ, ok := c.Text("typ")
	switch strings.ToLower(typ) {
	case "id", "refresh", "offline", "logout":
		return true
	}
	return !ok
}

func (r *reading) who(c *Caller) bool {
	sub, ok := r.claims.Text("sub")
	if !ok || !personName(sub) {
		return false
	}
	client, ok := r.claims.Text("client_id")
	if client == "" && ok {
		client, ok = r.claims.Text("azp")
	}
	if !ok {
		return false
	}
	c.Client, c.Subject, c.Program = client, r.issuer.Prefix+sub, client != "" && client == sub
	name := sub
	// A program is its subject, whatever claim names people: nobody becomes a
	// program by choosing a user name.
	if claim := r.issuer.Person; claim != "" && claim != "sub" && !c.Program {
		v, has := r.claims.Lookup(claim)
		if !has || v.Kind() != '"' || json.Unmarshal(v, &name) != nil {
			return false
		}
	}
	c.ID = r.issuer.Prefix + name
	return personName(name) && personName(c.ID)
}

// personName refuses what has another meaning as `who` of a fact.
func personName(s string) bool {
	return s != "" && len(s) <= 256 && jws.Plain(s) && strings.TrimSpace(s) == s &&
		s != "*" && !strings.HasPrefix(s, "dept:") && !strings.HasPrefix(s, "role:")
}

func (r *reading) client(c *Caller) bool {
	return c.Client == "" || len(c.Client) <= 256 && strings.TrimSpace(c.Client) == c.Client
}

func (r *reading) roles(c *Caller) (ok bool) {
	c.Roles, ok = r.rolesOf(r.claims)
	return ok
}

func (r *reading) rolesOf(from claims) ([]string, bool) {
	name := r.issuer.RolesClaim
	if name == "" {
		name = "roles"
	}
	v, has := from.Lookup(name)
	if !has {
		return nil, true
	}
	said, ok := jws.TextsOf(v)
	if !ok || len(said) > maxRoles {
		return nil, false
	}
	var out []string
	for _, s := range said {
		if r.issuer.Roles != nil {
			s = r.issuer.Roles[s]
		}
		if s != "" {
			out = append(out, s)
		}
	}
	slices.Sort(out)
	return slices.Compact(out), true
}

// place refuses a malformed dept or facility rather than pass over it: a
// restriction that keeps records from a department would not bite.
func (r *reading) place(c *Caller) (ok bool) {
	c.Dept, c.Facility, ok = placeOf(r.claims)
	if !ok {
		return false
	}
	c.Patient, ok = r.claims.Text("patient")
	return ok && (c.Patient == "" || fhirID(c.Patient))
}

func placeOf(from claims) (dept, facility string, ok bool) {
	dept, ok1 := from.Text("dept")
	facility, ok2 := from.Text("facility")
	return dept, facility, ok1 && ok2 && (dept == "" || fhirID(dept)) && (facility == "" || fhirID(facility))
}

func (r *reading) fhirUser(c *Caller) (ok bool) {
	c.Practitioners, c.PatientOf, ok = r.usersOf(r.claims)
	return ok
}

// usersOf sorts fhirUser by type. An absolute address counts only at a server of
// ours: elsewhere the same id is somebody else.
func (r *reading) usersOf(from claims) (practitioners, patients []string, ok bool) {
	list, ok := from.Texts("fhirUser")
	if !ok || len(list) > 16 {
		return nil, nil, false
	}
	for _, s := range list {
		ref, ours := r.relative(s)
		typ, id, slash := strings.Cut(ref, "/")
		if !ours {
			continue
		}
		if !slash || !fhirID(id) {
			return nil, nil, false
		}
		switch typ {
		case "Practitioner", "PractitionerRole":
			practitioners = append(practitioners, ref)
		case "Patient", "RelatedPerson":
			patients = append(patients, ref)
		case "Person":
		default:
			return nil, nil, false
		}
	}
	return practitioners, patients, true
}

func (r *reading) relative(s string) (string, bool) {
	if !strings.Contains(s, "://") {
		return s, true
	}
	if _, err := url.Parse(s); err != nil {
		return "", false
	}
	for _, b := range r.bases {
		if rest, ok := strings.CutPrefix(s, strings.TrimSuffix(b, "/")+"/"); ok && b != "" {
			return rest, true
		}
	}
	return "", false
}

func (r *reading) assurance(c *Caller) bool {
	var ok1, ok2, ok3 bool
	c.ACR, ok1 = r.claims.Text("acr")
	c.AMR, ok2 = r.claims.Texts("amr")
	c.AuthTime, ok3 = r.claims.Instant("auth_time")
	return ok1 && ok2 && ok3
}

// scopes reads scope (RFC 9068) and scp, the same under another name.
func (r *reading) scopes(c *Caller) bool {
	for _, name := range [...]string{"scope", "scp"} {
		list, ok := r.claims.Texts(name)
		if !ok {
			return false
		}
		for _, s := range list {
			some, ok := ParseScopes(s)
			if !ok || len(c.Scopes)+len(some) > maxScopes {
				return false
			}
			c.Scopes = append(c.Scopes, some...)
		}
	}
	return true
}

// purposeSystems are the names of HL7 v3 ActReason and of its PurposeOfUse value set.
var purposeSystems = map[string]bool{
	"http://terminology.hl7.org/CodeSystem/v3-ActReason":  true,
	"http://terminology.hl7.org/ValueSet/v3-PurposeOfUse": true,
	"urn:oid:2.16.840.1.113883.5.8":                       true,
	"urn:oid:2.16.840.1.113883.1.11.20448":                true,
	"2.16.840.1.113883.5.8":                               true,
	"2.16.840.1.113883.1.11.20448":                        true,
}

// purpose reads extensions.ihe_iua.purpose_of_use of IHE IUA: codings, or codes.
func (r *reading) purpose(c *Caller) bool {
	ext, ok1 := r.claims.Members("extensions")
	iua, ok2 := ext.Members("ihe_iua")
	if !ok1 || !ok2 {
		return false
	}
	v, has := iua["purpose_of_use"]
	if !has {
		return true
	}
	list := []jsontext.Value{v}
	if v.Kind() == '[' && json.Unmarshal(v, &list) != nil || len(list) > 16 {
		return false
	}
	for _, one := range list {
		code, ok := purposeCode(one)
		if !ok {
			return false
		}
		c.PurposeOfUse = append(c.PurposeOfUse, code)
	}
	return true
}

func purposeCode(v jsontext.Value) (string, bool) {
	if v.Kind() == '"' {
		v = jsontext.Value(`{"code":` + string(v) + `}`)
	}
	var m claims
	if v.Kind() != '{' || json.Unmarshal(v, &m) != nil {
		return "", false
	}
	code, ok1 := m.Text("code")
	system, ok2 := m.Text("system")
	if !ok1 || !ok2 || code == "" || len(code) > 64 {
		return "", false
	}
	if system == "" || purposeSystems[system] {
		return code, true
	}
	return system + "|" + code, true
}

// actor reads act (RFC 8693 section 4.1). Whoever acts needs roles of its own, of
// the same issuer; a chain of actors is refused, since each would have to be
// decided for.
func (r *reading) actor(c *Caller) bool {
	if _, has := r.claims["act"]; !has {
		return true
	}
	act, ok := r.claims.Members("act")
	if !ok {
		return false
	}
	if _, nested := act["act"]; nested {
		return false
	}
	iss, ok1 := act.Text("iss")
	sub, ok2 := act.Text("sub")
	if !ok1 || !ok2 || iss != "" && iss != r.issuer.Issuer || !personName(sub) || !personName(r.issuer.Prefix+sub) {
		return false
	}
	d := &Delegation{ID: r.issuer.Prefix + sub}
	var okRoles, okPlace, okUser, okClient bool
	d.Roles, okRoles = r.rolesOf(act)
	d.Dept, d.Facility, okPlace = placeOf(act)
	d.Practitioners, _, okUser = r.usersOf(act)
	d.Client, okClient = act.Text("client_id")
	c.Actor = d
	return okRoles && okPlace && okUser && okClient && len(d.Roles) > 0
}

// fhirID is the grammar of hl7.org/fhir/R4/datatypes.html#id.
func fhirID(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for _, c := range []byte(s) {
		if !(c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '.') {
			return false
		}
	}
	return true
}
