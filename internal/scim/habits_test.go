package scim_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"modicum/internal/people"
	"modicum/internal/scim"
)

const enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

// What Entra and Okta send, as their documents and their logs show it.
func TestHabitsOfClients(t *testing.T) {
	for name, tt := range map[string]struct {
		patch string
		want  func(*people.Person) bool
	}{
		"Entra: capital op, several attributes": {
			`{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[
				{"op":"Replace","path":"displayName","value":"Eve Ash"},
				{"op":"Add","path":"emails[type eq \"work\"].value","value":"eve@clinic.test"},
				{"op":"Add","path":"` + enterprise + `:manager","value":"boss"},
				{"op":"Replace","path":"name.familyName","value":"Ash"}]}`,
			func(p *people.Person) bool {
				return p.Name == "Eve Ash" && p.Mail == "eve@clinic.test" && p.Manager == "boss" && p.SCIM.Family == "Ash"
			},
		},
		"Entra: the same mail again": {
			`{"Operations":[{"op":"Add","path":"emails[type eq \"work\"].value","value":"a@clinic.test"},
				{"op":"Replace","path":"emails[type eq \"work\"].value","value":"b@clinic.test"}]}`,
			func(p *people.Person) bool { return len(p.SCIM.Mails) == 1 && p.Mail == "b@clinic.test" },
		},
		"Entra: attributes with their URN in the value": {
			`{"Operations":[{"op":"Add","value":{"` + enterprise + `:department":"ward-3","title":"Nurse","phoneNumbers[type eq \"work\"].value":"+1 312 555 0100"}}]}`,
			func(p *people.Person) bool { return p.Department == "ward-3" && p.Title == "Nurse" },
		},
		"Entra: a department that is no id places nobody": {
			`{"Operations":[{"op":"Add","path":"` + enterprise + `:department","value":"Radiology, 3rd floor"}]}`,
			func(p *people.Person) bool { return p.Department == "" && p.SCIM.Department == "Radiology, 3rd floor" },
		},
		"Entra: what is not kept is left alone": {
			`{"Operations":[{"op":"Add","path":"addresses[type eq \"work\"].locality","value":"Chicago"},{"op":"Add","path":"name.formatted","value":"Eve"},
				{"op":"Replace","path":"` + enterprise + `:employeeNumber","value":"17"},{"op":"add","path":"preferredLanguage","value":"en"}]}`,
			func(p *people.Person) bool { return p.Name == "eve" },
		},
		"Entra: an empty string takes away": {
			`{"Operations":[{"op":"Add","path":"title","value":"Nurse"},{"op":"Replace","path":"title","value":""}]}`,
			func(p *people.Person) bool { return p.Title == "" },
		},
		"Okta: no path, the extension as an object": {
			`{"Operations":[{"op":"replace","value":{"id":"other","userName":"eve","name":{"givenName":"Eve"},"emails":[{"value":"e@clinic.test","primary":true}],
				"` + enterprise + `":{"department":"ward-4","manager":{"value":"boss","displayName":"The Boss"}}}}]}`,
			func(p *people.Person) bool {
				return p.SCIM.Given == "Eve" && p.Mail == "e@clinic.test" && p.Department == "ward-4" && p.Manager == "boss"
			},
		},
		"RFC: remove a value by brackets": {
			`{"Operations":[{"op":"add","path":"emails","value":[{"value":"a@x.test","type":"work"},{"value":"b@x.test","type":"home"}]},
				{"op":"remove","path":"emails[type eq \"work\"]"}]}`,
			func(p *people.Person) bool { return len(p.SCIM.Mails) == 1 && p.Mail == "b@x.test" },
		},
		"RFC: a new primary value ends the old one": {
			`{"Operations":[{"op":"add","path":"emails","value":[{"value":"a@x.test","primary":true}]},{"op":"add","path":"emails","value":[{"value":"b@x.test","primary":true}]}]}`,
			func(p *people.Person) bool { return len(p.SCIM.Mails) == 2 && p.Mail == "b@x.test" },
		},
		"RFC: the extension as a path": {
			`{"Operations":[{"op":"add","path":"` + enterprise + `","value":{"department":"ward-5"}},{"op":"replace","path":"` + enterprise + `","value":{"organization":"north"}}]}`,
			func(p *people.Person) bool { return p.Department == "" && p.Facility == "north" },
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, scim.ByUserName)
			s.user("boss")
			id := s.user("eve")
			if r := s.ask("PATCH", "/Users/"+id, tt.patch); r.status != 200 {
				t.Fatalf("%d %s", r.status, r.text)
			}
			if p := s.people.Person("eve"); !tt.want(p) {
				t.Errorf("the directory has %+v %+v", p, p.SCIM)
			}
		})
	}
}

func TestHabitsOfClientsWithGroups(t *testing.T) {
	s := newSite(t, scim.ByUserName)
	eve, bob, cyd := s.user("eve"), s.user("bob"), s.user("cyd")
	id := s.made("/Groups", `{"displayName":"nurses","externalId":"g1"}`)
	for _, tt := range []struct {
		name, method, body string
		want               []string
	}{
		{"Entra adds", "PATCH", `{"Operations":[{"op":"Add","path":"members","value":[{"value":"` + eve + `"},{"value":"` + bob + `"}]}]}`, []string{"bob", "eve"}},
		{"Entra adds again", "PATCH", `{"Operations":[{"op":"Add","path":"members","value":[{"value":"` + eve + `"}]}]}`, []string{"bob", "eve"}},
		{"Entra removes by value", "PATCH", `{"Operations":[{"op":"Remove","path":"members","value":[{"value":"` + eve + `"}]}]}`, []string{"bob"}},
		{"Okta adds", "PATCH", `{"Operations":[{"op":"add","path":"members","value":[{"value":"` + cyd + `","display":"Cyd"}]}]}`, []string{"bob", "cyd"}},
		{"Okta removes by brackets", "PATCH", `{"Operations":[{"op":"remove","path":"members[value eq \"` + cyd + `\"]"}]}`, []string{"bob"}},
		{"Okta renames", "PATCH", `{"Operations":[{"op":"replace","value":{"id":"` + id + `","displayName":"nurses"}}]}`, []string{"bob"}},
		{"Okta puts", "PUT", `{"displayName":"nurses","members":[{"value":"` + eve + `"},{"value":"` + cyd + `"}]}`, []string{"cyd", "eve"}},
		{"Okta replaces", "PATCH", `{"Operations":[{"op":"replace","path":"members","value":[{"value":"` + bob + `"}]}]}`, []string{"bob"}},
		{"removes all", "PATCH", `{"Operations":[{"op":"remove","path":"members"}]}`, nil},
	} {
		if r := s.ask(tt.method, "/Groups/"+id, tt.body); r.status != 200 {
			t.Fatalf("%s: %d %s", tt.name, r.status, r.text)
		}
		if got := s.people.Group(id).Members; !slices.Equal(got, tt.want) {
			t.Errorf("%s: members %v, want %v", tt.name, got, tt.want)
		}
		for _, who := range []string{"bob", "cyd", "eve"} {
			if has := len(s.people.Roles(who, 1<<60)) > 0; has != slices.Contains(tt.want, who) {
				t.Errorf("%s: %s has the role: %t", tt.name, who, has)
			}
		}
	}
}

func TestFiltersPagesAndOrder(t *testing.T) {
	s := newSite(t, scim.ByUserName)
	for i, name := range []string{"ada", "Bea", "cal"} {
		s.made("/Users", fmt.Sprintf(`{"userName":"%s","externalId":"x%d","title":"T%d","active":%t,"emails":[{"value":"%s@clinic.test","type":"work"},{"value":"%s@home.test","type":"home"}],
			"%s":{"department":"ward-%d"}}`, name, i, i%2, i != 2, name, name, enterprise, i))
	}
	for filter, want := range map[string][]string{
		`userName eq "BEA"`:                                                {"Bea"},
		`USERNAME Eq "bea"`:                                                {"Bea"},
		`externalId eq "x0"`:                                               {"ada"},
		`externalId eq "X0"`:                                               nil,
		`active eq true`:                                                   {"ada", "Bea"},
		`active eq "False"`:                                                {"cal"},
		`not (active eq true)`:                                             {"cal"},
		`title eq "T0" and active eq true`:                                 {"ada"},
		`userName eq "ada" or userName eq "cal"`:                           {"ada", "cal"},
		`userName sw "a" or userName sw "b" and title eq "T0"`:             {"ada"},
		`(userName sw "a" or userName sw "b") and title eq "T1"`:           {"Bea"},
		`emails.value co "home.test" and userName gt "b"`:                  {"Bea", "cal"},
		`emails[type eq "work" and value sw "cal"]`:                        {"cal"},
		`emails[type eq "home" and value co "clinic"]`:                     nil,
		`emails eq "ada@clinic.test"`:                                      {"ada"},
		`userName ew "l"`:                                                  {"cal"},
		`displayName pr`:                                                   nil,
		`emails pr`:                                                        {"ada", "Bea", "cal"},
		`displayName eq null`:                                              {"ada", "Bea", "cal"},
		`title ne "T0"`:                                                    {"Bea"},
		enterprise + `:department eq "ward-2"`:                             {"cal"},
		`urn:ietf:params:scim:schemas:core:2.0:User:userName eq "ada"`:     {"ada"},
		`meta.created gt "2020-01-01T00:00:00Z"`:                           {"ada", "Bea", "cal"},
		`meta.lastModified lt "2020-01-01T00:00:00Z"`:                      nil,
		`addresses.locality eq "Chicago"`:                                  nil,
		`userName eq "a\"] or userName pr or emails[value eq \"x"`:         nil,
		`schemas eq "urn:ietf:params:scim:schemas:core:2.0:User"`:          {"ada", "Bea", "cal"},
		`externalId eq "x0" and (userName eq "ada" and not (title pr))`:    nil,
		`userName eq "cal" and emails[not (type eq "work")]`:               {"cal"},
		`emails[type eq "work"] and not (emails[value co "home"])`:         nil,
		`id eq "nobody"`:                                                   nil,
		`meta.resourceType eq "User" and userName le "ada"`:                {"ada"},
		`userName eq "` + `\u0061da"`:                                      {"ada"},
		`urn:ietf:params:scim:schemas:core:2.0:User:emails.type eq "home"`: {"ada", "Bea", "cal"},
	} {
		if got := s.found("/Users?sortBy=userName&filter=" + url.QueryEscape(filter)); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", filter, got, want)
		}
	}
	for _, filter := range []string{
		`userName`, `userName eq`, `userName is "x"`, `userName eq "x`, `(userName pr`, `userName pr)`, `userName eq ada`, `nothing eq "x"`,
		`active gt true`, `active eq "maybe"`, `emails[value eq "x"`, `emails[nothing eq "x"]`, `userName[type eq "x"]`, `not userName pr`,
		strings.Repeat("(", 40) + "userName pr" + strings.Repeat(")", 40),
		strings.Repeat("userName pr and ", 100) + "userName pr", `userName eq "` + strings.Repeat("x", 5000) + `"`,
	} {
		s.is(s.ask("GET", "/Users?filter="+url.QueryEscape(filter), ""), 400, "invalidFilter")
	}
	for q, want := range map[string][]string{
		"?sortBy=userName&count=2":                      {"ada", "Bea"},
		"?sortBy=userName&count=2&startIndex=3":         {"cal"},
		"?sortBy=userName&sortOrder=descending&count=1": {"cal"},
		"?sortBy=" + enterprise + ":department&count=1": {"ada"},
		"?count=0":                nil,
		"?startIndex=-3&count=-1": nil,
		"?startIndex=99":          nil,
		"?sortBy=title&sortOrder=descending&count=1": {"Bea"},
	} {
		r := s.ask("GET", "/Users"+q, "")
		if got := s.found("/Users" + q); !slices.Equal(got, want) || r.body["totalResults"] != 3.0 || r.body["itemsPerPage"] != float64(len(want)) {
			t.Errorf("%s: %v, %s", q, got, r.text)
		}
	}
	r := s.ask("POST", "/Users/.search", `{"schemas":["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],"filter":"userName eq \"ada\"","attributes":["userName","emails.value"]}`)
	one := r.body["Resources"].([]any)[0].(map[string]any)
	if one["title"] != nil || one["meta"] != nil || one["id"] == nil || one["userName"] != "ada" {
		t.Errorf("attributes of .search: %s", r.text)
	}
	if m := one["emails"].([]any)[0].(map[string]any); m["value"] == nil || m["type"] != nil {
		t.Errorf("parts of .search: %s", r.text)
	}
	r = s.ask("GET", "/Users?filter="+url.QueryEscape(`userName eq "ada"`)+"&excludedAttributes=emails,id,"+enterprise+":department,meta.version", "")
	one = r.body["Resources"].([]any)[0].(map[string]any)
	if one["emails"] != nil || one["id"] == nil || one[enterprise] != nil || one["meta"].(map[string]any)["version"] != nil {
		t.Errorf("excludedAttributes: %s", r.text)
	}
}

func TestT8_HostileProvisioningIsRefusedByAnErrorWithoutItsText(t *testing.T) {
	s := newSite(t, scim.ByUserName)
	id := s.user("eve")
	group := s.made("/Groups", `{"displayName":"nurses"}`)
	long := strings.Repeat("x", 300)
	many := `{"value":"` + id + `"}` + strings.Repeat(`,{"value":"`+id+`"}`, 10_000)
	user := func(name string) string { return `{"userName":"` + name + `"}` }
	for name, tt := range map[string]struct {
		method, path, body string
		status             int
		kind               string
	}{
		"the same name in capitals":     {"POST", "/Users", user("EVE"), 409, "uniqueness"},
		"the same name, full width":     {"POST", "/Users", user("ｅve"), 409, "uniqueness"},
		"the administrator's name":      {"POST", "/Users", user("Ann"), 409, "uniqueness"},
		"letters of two scripts":        {"POST", "/Users", user("еve"), 400, "invalidValue"},
		"control characters":            {"POST", "/Users", user(`e\u0000ve`), 400, "invalidValue"},
		"a new line":                    {"POST", "/Users", user(`eve\nadmin`), 400, "invalidValue"},
		"turned writing":                {"POST", "/Users", user(`\u202eeve`), 400, "invalidValue"},
		"an invisible letter":           {"POST", "/Users", user(`e\u200bve`), 400, "invalidValue"},
		"a soft hyphen":                 {"POST", "/Users", user(`e\u00adve`), 400, "invalidValue"},
		"blanks":                        {"POST", "/Users", user(" eva"), 400, "invalidValue"},
		"everybody":                     {"POST", "/Users", user("*"), 400, "invalidValue"},
		"a department":                  {"POST", "/Users", user("dept:ward-3"), 400, "invalidValue"},
		"a role":                        {"POST", "/Users", user("Role:nurse"), 400, "invalidValue"},
		"the client itself":             {"POST", "/Users", user("scim:hr"), 400, "invalidValue"},
		"full-width role":               {"POST", "/Users", user("ｒole:nurse"), 400, "invalidValue"},
		"a long name":                   {"POST", "/Users", user(long), 400, "invalidValue"},
		"no name":                       {"POST", "/Users", `{"displayName":"x"}`, 400, "invalidValue"},
		"a name that is a list":         {"POST", "/Users", `{"userName":["eva"]}`, 400, "invalidValue"},
		"a name twice":                  {"POST", "/Users", `{"userName":"eva","username":"evb"}`, 400, "invalidSyntax"},
		"a member twice":                {"POST", "/Users", `{"userName":"eva","userName":"evb"}`, 400, "invalidSyntax"},
		"no JSON":                       {"POST", "/Users", `{`, 400, "invalidSyntax"},
		"a list":                        {"POST", "/Users", `[]`, 400, "invalidSyntax"},
		"two primary mails":             {"POST", "/Users", `{"userName":"eva","emails":[{"value":"a@x.test","primary":true},{"value":"b@x.test","primary":true}]}`, 400, "invalidValue"},
		"a mail with a header":          {"POST", "/Users", `{"userName":"eva","emails":[{"value":"a@x.test\r\nBcc: b@x.test"}]}`, 400, "invalidValue"},
		"a body that is too large":      {"POST", "/Users", `{"userName":"` + strings.Repeat("x", 1<<20) + `"}`, 413, "tooMany"},
		"too many members":              {"PUT", "/Groups/" + group, `{"displayName":"nurses","members":[` + many + `]}`, 400, "tooMany"},
		"a member who is not provided":  {"PUT", "/Groups/" + group, `{"displayName":"nurses","members":[{"value":"ann"}]}`, 400, "invalidValue"},
		"a group in a group":            {"PUT", "/Groups/" + group, `{"displayName":"nurses","members":[{"value":"` + group + `","type":"Group"}]}`, 400, "invalidValue"},
		"a second group of the name":    {"POST", "/Groups", `{"displayName":"Nurses"}`, 409, "uniqueness"},
		"a group without a name":        {"POST", "/Groups", `{}`, 400, "invalidValue"},
		"no operations":                 {"PATCH", "/Users/" + id, `{}`, 400, "invalidSyntax"},
		"too many operations":           {"PATCH", "/Users/" + id, `{"Operations":[{}` + strings.Repeat(`,{}`, 1000) + `]}`, 400, "tooMany"},
		"an unknown op":                 {"PATCH", "/Users/" + id, `{"Operations":[{"op":"move","path":"title","value":"x"}]}`, 400, "invalidSyntax"},
		"a remove without path":         {"PATCH", "/Users/" + id, `{"Operations":[{"op":"remove"}]}`, 400, "noTarget"},
		"the id":                        {"PATCH", "/Users/" + id, `{"Operations":[{"op":"replace","path":"id","value":"x"}]}`, 400, "mutability"},
		"meta":                          {"PATCH", "/Users/" + id, `{"Operations":[{"op":"replace","path":"meta.created","value":"2020-01-01T00:00:00Z"}]}`, 400, "mutability"},
		"another name":                  {"PATCH", "/Users/" + id, `{"Operations":[{"op":"replace","path":"userName","value":"eva"}]}`, 400, "mutability"},
		"no name any more":              {"PATCH", "/Users/" + id, `{"Operations":[{"op":"remove","path":"userName"}]}`, 400, "mutability"},
		"neither active nor not":        {"PATCH", "/Users/" + id, `{"Operations":[{"op":"remove","path":"active"}]}`, 400, "mutability"},
		"an unknown path":               {"PATCH", "/Users/" + id, `{"Operations":[{"op":"add","path":"duties","value":"x"}]}`, 400, "invalidPath"},
		"an unknown extension":          {"PATCH", "/Users/" + id, `{"Operations":[{"op":"add","path":"urn:x:User:rights","value":"x"}]}`, 400, "invalidPath"},
		"brackets that fit nothing":     {"PATCH", "/Users/" + id, `{"Operations":[{"op":"replace","path":"emails[value co \"x\"].type","value":"work"}]}`, 400, "noTarget"},
		"brackets that are not closed":  {"PATCH", "/Users/" + id, `{"Operations":[{"op":"replace","path":"emails[value eq \"x\"","value":"work"}]}`, 400, "invalidPath"},
		"half of a PATCH":               {"PATCH", "/Users/" + id, `{"Operations":[{"op":"add","path":"title","value":"Chief"},{"op":"add","path":"duties","value":"x"}]}`, 400, "invalidPath"},
		"another type of content":       {"POST", "/Users", user("eva"), 415, ""},
		"a user who is not there":       {"PATCH", "/Users/nobody", `{"Operations":[{"op":"add","path":"title","value":"x"}]}`, 404, ""},
		"somebody of the house":         {"DELETE", "/Users/ann", "", 404, ""},
		"bulk":                          {"POST", "/Bulk", `{}`, 501, ""},
		"me":                            {"GET", "/Me", "", 501, ""},
		"another method":                {"POST", "/Schemas", "", 405, ""},
		"a filter over what is offered": {"GET", "/Schemas?filter=x", "", 403, ""},
		"a count that is none":          {"GET", "/Users?count=many", "", 400, "invalidValue"},
		"an unknown order":              {"GET", "/Users?sortBy=rights", "", 400, "invalidPath"},
	} {
		t.Run(name, func(t *testing.T) {
			kind := "application/scim+json"
			if tt.status == 415 {
				kind = "text/plain"
			}
			before := len(s.shelf.Entries())
			r := s.ask(tt.method, tt.path, tt.body, "Content-Type", kind)
			got, _ := r.body["scimType"].(string)
			if r.status != tt.status || got != tt.kind || r.body["detail"] == "" {
				t.Errorf("got %d %q, want %d %q: %.300s", r.status, got, tt.status, tt.kind, r.text)
			}
			for _, e := range s.acts()[before:] {
				if !strings.HasSuffix(e, "-refused") {
					t.Errorf("something changed: %s", e)
				}
			}
			if strings.Contains(r.text, "Chief") || strings.Contains(r.text, long[:50]) {
				t.Error("the answer says what was sent")
			}
		})
	}
	if p := s.people.Person("eve"); p.Title != "" {
		t.Error("half of a PATCH was kept")
	}
}
