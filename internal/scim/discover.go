package scim

import "net/http"

// discovery serves what the server offers, RFC 7644 section 4.
func (s *Server) discovery(mux *http.ServeMux) {
	s.fixed(mux, "/ServiceProviderConfig", s.offers())
	types := map[string]object{"User": s.typeOf(s.users), "Group": s.typeOf(s.groups)}
	s.several(mux, "/ResourceTypes", []string{"User", "Group"}, types)
	schemas, order := map[string]object{}, []string{}
	for _, d := range append([]schema{userSchema, enterpriseSchema, groupSchema}, selfSchemas...) {
		schemas[d.urn] = s.schemaOf(d)
		order = append(order, d.urn)
	}
	s.several(mux, "/Schemas", order, schemas)
}

// fixed serves one document.
func (s *Server) fixed(mux *http.ServeMux, path string, o object) {
	mux.Handle("GET "+path, s.serve(func(r *http.Request) (*answer, error) {
		if r.URL.Query().Has("filter") {
			return nil, &problem{http.StatusForbidden, "", "What the server offers is not filtered."}
		}
		return &answer{status: http.StatusOK, body: o}, nil
	}))
	s.otherMethods(mux, path, "GET")
}

func (s *Server) several(mux *http.ServeMux, path string, order []string, by map[string]object) {
	all := []any{}
	for _, name := range order {
		all = append(all, by[name])
	}
	s.fixed(mux, path, object{
		"schemas": []any{listURN}, "totalResults": len(all), "itemsPerPage": len(all), "startIndex": 1, "Resources": all,
	})
	mux.Handle("GET "+path+"/{id}", s.serve(func(r *http.Request) (*answer, error) {
		o, has := by[r.PathValue("id")]
		if !has {
			return nil, errNotFound
		}
		return &answer{status: http.StatusOK, body: o}, nil
	}))
	s.otherMethods(mux, path+"/{id}", "GET")
}

func (s *Server) offers() object {
	yes, no := object{"supported": true}, object{"supported": false}
	return object{
		"schemas": []any{configURN},
		"patch":   yes, "sort": yes, "etag": yes, "changePassword": no,
		"bulk":   object{"supported": false, "maxOperations": 0, "maxPayloadSize": 0},
		"filter": object{"supported": true, "maxResults": mostCount},
		"authenticationSchemes": []any{object{
			"type": "oauthbearertoken", "name": "Bearer token", "description": "A token of the file that the configuration names.", "primary": true,
		}},
		"meta": object{"resourceType": "ServiceProviderConfig", "location": s.cfg.Base + "/ServiceProviderConfig"},
	}
}

func (s *Server) typeOf(r *resource) object {
	o := object{
		"schemas": []any{typeURN}, "id": r.name, "name": r.name, "description": r.core.about, "endpoint": "/" + r.path, "schema": r.core.urn,
		"meta": object{"resourceType": "ResourceType", "location": s.cfg.Base + "/ResourceTypes/" + r.name},
	}
	var extensions []any
	for _, e := range r.extensions {
		extensions = append(extensions, object{"schema": e.urn, "required": false})
	}
	if extensions != nil {
		o["schemaExtensions"] = extensions
	}
	return o
}

func (s *Server) schemaOf(d schema) object {
	return object{
		"schemas": []any{schemaURN}, "id": d.urn, "name": d.name, "description": d.about, "attributes": s.described(d.attributes),
		"meta": object{"resourceType": "Schema", "location": s.cfg.Base + "/Schemas/" + d.urn},
	}
}

// described writes attributes with every characteristic of RFC 7643 section 7.
func (s *Server) described(list []attribute) []any {
	out := []any{}
	for i := range list {
		a := &list[i]
		o := object{
			"name": a.name, "type": string(a.kind), "multiValued": a.many, "required": a.required, "caseExact": a.exact,
			"mutability": s.users.mutability(a), "returned": or(a.returned, "default"), "uniqueness": or(a.unique, "none"),
			"description": or(a.about, a.name),
		}
		if a.kind == complex {
			o["subAttributes"] = s.described(a.subs)
		}
		if a.canonical != nil {
			o["canonicalValues"] = anyOf(a.canonical)
		}
		if a.refers != nil {
			o["referenceTypes"] = anyOf(a.refers)
		}
		out = append(out, o)
	}
	return out
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func anyOf(list []string) (out []any) {
	for _, s := range list {
		out = append(out, s)
	}
	return out
}

// only reading.
func fixedText(name, about string) attribute {
	return attribute{name: name, kind: text, mutable: "readOnly", about: about}
}

func supported(name, about string) attribute {
	return attribute{name: name, kind: complex, mutable: "readOnly", required: true, about: about, subs: []attribute{
		{name: "supported", kind: boolean, mutable: "readOnly", required: true, about: "Whether it is offered."},
	}}
}

// selfSchemas describe the documents of discovery themselves, RFC 7643 sections 5 to 7.
var selfSchemas = []schema{
	{configURN, "ServiceProviderConfig", "What the server offers.", []attribute{
		supported("patch", "PATCH."), supported("sort", "Sorting."), supported("etag", "Versions."), supported("changePassword", "Passwords."),
		{name: "bulk", kind: complex, mutable: "readOnly", required: true, about: "Bulk operations.", subs: []attribute{
			{name: "supported", kind: boolean, mutable: "readOnly", required: true}, {name: "maxOperations", kind: whole, mutable: "readOnly", required: true},
			{name: "maxPayloadSize", kind: whole, mutable: "readOnly", required: true},
		}},
		{name: "filter", kind: complex, mutable: "readOnly", required: true, about: "Filters.", subs: []attribute{
			{name: "supported", kind: boolean, mutable: "readOnly", required: true}, {name: "maxResults", kind: whole, mutable: "readOnly", required: true},
		}},
		{name: "authenticationSchemes", kind: complex, many: true, mutable: "readOnly", required: true, about: "How clients sign in.", subs: []attribute{
			fixedText("type", "Kind."), fixedText("name", "Name."), fixedText("description", "Description."),
			{name: "primary", kind: boolean, mutable: "readOnly"},
		}},
	}},
	{typeURN, "ResourceType", "A type of resource.", []attribute{
		fixedText("id", "Id."), fixedText("name", "Name."), fixedText("description", "Description."),
		{name: "endpoint", kind: refer, mutable: "readOnly", required: true, refers: []string{"uri"}, about: "Path below the base."},
		{name: "schema", kind: refer, mutable: "readOnly", required: true, exact: true, refers: []string{"uri"}, about: "Core schema."},
		{name: "schemaExtensions", kind: complex, many: true, mutable: "readOnly", about: "Extensions.", subs: []attribute{
			{name: "schema", kind: refer, mutable: "readOnly", required: true, exact: true, refers: []string{"uri"}},
			{name: "required", kind: boolean, mutable: "readOnly", required: true},
		}},
	}},
	{schemaURN, "Schema", "A set of attributes.", []attribute{
		fixedText("id", "URN."), fixedText("name", "Name."), fixedText("description", "Description."),
		{name: "attributes", kind: complex, many: true, mutable: "readOnly", required: true, about: "Attributes.", subs: []attribute{
			fixedText("name", "Name."), fixedText("type", "Type."), {name: "multiValued", kind: boolean, mutable: "readOnly"},
			fixedText("description", "Description."), {name: "required", kind: boolean, mutable: "readOnly"},
			{name: "canonicalValues", kind: text, many: true, mutable: "readOnly"}, {name: "caseExact", kind: boolean, mutable: "readOnly"},
			fixedText("mutability", "Mutability."), fixedText("returned", "When it is returned."), fixedText("uniqueness", "Uniqueness."),
			{name: "referenceTypes", kind: text, many: true, mutable: "readOnly"},
		}},
	}},
}
