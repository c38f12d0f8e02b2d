package scim

import (
	"slices"
	"strings"
)

// URNs of RFC 7643 and RFC 7644.
const (
	userURN       = "urn:ietf:params:scim:schemas:core:2.0:User"
	groupURN      = "urn:ietf:params:scim:schemas:core:2.0:Group"
	enterpriseURN = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	schemaURN     = "urn:ietf:params:scim:schemas:core:2.0:Schema"
	typeURN       = "urn:ietf:params:scim:schemas:core:2.0:ResourceType"
	configURN     = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
	listURN       = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
	patchURN      = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
	searchURN     = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
	errorURN      = "urn:ietf:params:scim:api:messages:2.0:Error"
)

// kind is a type of RFC 7643 section 2.3.
type kind string

const (
	text    kind = "string"
	boolean kind = "boolean"
	moment  kind = "dateTime"
	whole   kind = "integer"
	refer   kind = "reference"
	complex kind = "complex"
)

// attribute is one that is kept: what is not, is not advertised.
type attribute struct {
	name      string
	kind      kind
	many      bool
	required  bool
	exact     bool   // case counts
	mutable   string // "" is readWrite
	returned  string // "" is default
	unique    string // "" is none
	canonical []string
	refers    []string
	about     string
	subs      []attribute
}

// schema is a set of attributes under a URN.
type schema struct {
	urn, name, about string
	attributes       []attribute
}

// common are the attributes of every resource, RFC 7643 section 3.1.
var common = []attribute{
	{name: "id", kind: text, exact: true, mutable: "readOnly", returned: "always", unique: "server", about: "Our id of the resource. It is never used again."},
	{name: "externalId", kind: text, exact: true, about: "The client's id of the resource."},
	{name: "meta", kind: complex, mutable: "readOnly", about: "About the resource.", subs: []attribute{
		{name: "resourceType", kind: text, exact: true, mutable: "readOnly"},
		{name: "created", kind: moment, mutable: "readOnly"},
		{name: "lastModified", kind: moment, mutable: "readOnly"},
		{name: "location", kind: refer, exact: true, mutable: "readOnly", refers: []string{"uri"}},
		{name: "version", kind: text, exact: true, mutable: "readOnly"},
	}},
	{name: "schemas", kind: refer, many: true, exact: true, mutable: "readOnly", returned: "always", refers: []string{"uri"}},
}

var userSchema = schema{userURN, "User", "A person.", []attribute{
	{name: "userName", kind: text, required: true, unique: "server", about: "What the person types to sign in; never given to another."},
	{name: "name", kind: complex, about: "The parts of the name.", subs: []attribute{
		{name: "familyName", kind: text, about: "Family name."},
		{name: "givenName", kind: text, about: "Given name."},
	}},
	{name: "displayName", kind: text, about: "The name that others see; the parts of the name where there is none."},
	{name: "title", kind: text, about: "Job title."},
	{name: "active", kind: boolean, required: true, about: "False ends everything of theirs before the answer is sent. True where a new user does not say."},
	{name: "emails", kind: complex, many: true, about: "Mail addresses, at most 8. Notices go to the primary one.", subs: []attribute{
		{name: "value", kind: text, about: "The address."},
		{name: "type", kind: text, canonical: []string{"work", "home", "other"}, about: "What it is for."},
		{name: "primary", kind: boolean, about: "Whether it is the one to use; at most one is."},
	}},
}}

var enterpriseSchema = schema{enterpriseURN, "EnterpriseUser", "Where a person works.", []attribute{
	{name: "organization", kind: text, about: "Id of the facility."},
	{name: "department", kind: text, about: "Id of the department. Leaving it ends what was given for it."},
	{name: "manager", kind: complex, about: "The person's manager, who approves nothing by being named here.", subs: []attribute{
		{name: "value", kind: text, exact: true, about: "Id of the manager."},
		{name: "$ref", kind: refer, exact: true, refers: []string{"User"}, about: "Address of the manager."},
	}},
}}

var groupSchema = schema{groupURN, "Group", "A group; it gives the role that the configuration maps it to.", []attribute{
	{name: "displayName", kind: text, required: true, unique: "server", about: "The group's name."},
	{name: "members", kind: complex, many: true, about: "Members, at most 10,000.", subs: []attribute{
		{name: "value", kind: text, exact: true, mutable: "immutable", about: "Id of the member."},
		{name: "$ref", kind: refer, exact: true, mutable: "immutable", refers: []string{"User"}, about: "Address of the member."},
		{name: "type", kind: text, exact: true, mutable: "immutable", canonical: []string{"User"}, about: "User."},
	}},
}}

// notKept are attributes of RFC 7643 that clients send and that are of no use here:
// accepted, not kept, and not advertised.
var notKept = []string{
	"nickname", "profileurl", "usertype", "preferredlanguage", "locale", "timezone", "password", "phonenumbers", "ims", "photos",
	"addresses", "groups", "entitlements", "roles", "x509certificates", "employeenumber", "costcenter", "division", "formatted",
	"middlename", "honorificprefix", "honorificsuffix", "display", "displayname",
}

func isNotKept(name string) bool { return slices.Contains(notKept, strings.ToLower(name)) }

// resource is a type of resource with what it consists of.
type resource struct {
	name, path string
	core       schema
	extensions []schema
	mutable    map[string]string // what the configuration makes of an attribute
}

// find returns the attribute of a list by its name, whatever its case.
func find(list []attribute, name string) *attribute {
	for i := range list {
		if strings.EqualFold(list[i].name, name) {
			return &list[i]
		}
	}
	return nil
}

// where is an attribute of a resource: of the core, or of an extension by its URN.
type where struct {
	urn  string // "" is the core
	attr *attribute
	sub  *attribute
}

// split takes the URN off a name that begins with one of the resource's: the rest, and
// the extension's URN, "" for the core. ok is false for a URN that it has not.
func (r *resource) split(name string) (urn, rest string, ok bool) {
	if len(name) < 4 || !strings.EqualFold(name[:4], "urn:") {
		return "", name, true
	}
	for _, s := range append([]schema{r.core}, r.extensions...) {
		if len(name) < len(s.urn) || !strings.EqualFold(name[:len(s.urn)], s.urn) {
			continue
		}
		rest = name[len(s.urn):]
		if s.urn != r.core.urn {
			urn = s.urn
		}
		if rest == "" {
			return urn, "", true
		}
		if rest[0] == ':' && len(rest) > 1 {
			return urn, rest[1:], true
		}
	}
	return "", "", false
}

// attributesOf are those of the core, common ones among them, or of an extension.
func (r *resource) attributesOf(urn string) [][]attribute {
	if urn == "" {
		return [][]attribute{r.core.attributes, common}
	}
	for _, s := range r.extensions {
		if s.urn == urn {
			return [][]attribute{s.attributes}
		}
	}
	return nil
}

func (r *resource) attribute(urn, name string) *attribute {
	for _, list := range r.attributesOf(urn) {
		if a := find(list, name); a != nil {
			return a
		}
	}
	return nil
}

// lookup finds what a path such as name.givenName or urn:...:User:department means. An
// empty attr is the extension as a whole.
func (r *resource) lookup(path string) (where, bool) {
	urn, rest, ok := r.split(path)
	if !ok {
		return where{}, false
	}
	if rest == "" {
		return where{urn: urn}, urn != ""
	}
	name, sub, dotted := strings.Cut(rest, ".")
	w := where{urn: urn, attr: r.attribute(urn, name)}
	if w.attr == nil {
		return w, false
	}
	if dotted {
		if w.sub = find(w.attr.subs, sub); w.sub == nil {
			return w, false
		}
	}
	return w, true
}

// mutability of an attribute here.
func (r *resource) mutability(a *attribute) string {
	if m := r.mutable[a.name]; m != "" {
		return m
	}
	if a.mutable == "" {
		return "readWrite"
	}
	return a.mutable
}
