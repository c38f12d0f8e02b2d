package scim_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"modicum/internal/scim"
)

// simple is what a slow reader of RFC 7644 and of this house's rules expects: users and
// groups as plain values, each rule written a second time.
type simple struct {
	users  map[string]*simpleUser // by id
	groups map[string]*simpleGroup
	names  map[string]bool // ever used
}

type simpleUser struct {
	name, title string
	active      bool
	mails       []string
}

type simpleGroup struct {
	name    string
	members map[string]bool
}

// roles are what a user holds: what groups give, while they are active.
func (m *simple) roles(id string) (out []string) {
	if u := m.users[id]; u == nil || !u.active {
		return nil
	}
	for _, g := range m.groups {
		if g.name == "nurses" && g.members[id] {
			return []string{"nurse"}
		}
	}
	return nil
}

// walk is a run of random operations by a seed.
type walk struct {
	*site
	simple
	r   *rand.Rand
	log []string
}

func (w *walk) some(ids []string) string { return ids[w.r.IntN(len(ids))] }

func (w *walk) userIDs() []string  { return slices.Sorted(maps.Keys(w.users)) }
func (w *walk) groupIDs() []string { return slices.Sorted(maps.Keys(w.groups)) }

func (w *walk) do(method, path, body string, want int) reply {
	w.t.Helper()
	w.log = append(w.log, method+" "+path+" "+body)
	r := w.direct(method, path, body)
	if r.status != want {
		w.t.Fatalf("%d, want %d: %s\n%s", r.status, want, r.text, strings.Join(w.log, "\n"))
	}
	return r
}

func (w *walk) step() {
	steps := []func(){w.addUser, w.addGroup}
	if len(w.users) > 0 {
		steps = append(steps, w.turn, w.turn, w.title, w.mail, w.unmail, w.put, w.removeUser)
	}
	if len(w.users) > 0 && len(w.groups) > 0 {
		steps = append(steps, w.join, w.join, w.leave, w.leaveByBrackets, w.putGroup, w.rename, w.removeGroup)
	}
	steps[w.r.IntN(len(steps))]()
}

func (w *walk) addUser() {
	name := fmt.Sprintf("user%d", w.r.IntN(12))
	active := w.r.IntN(4) > 0
	body := fmt.Sprintf(`{"userName":"%s","active":%t}`, []string{name, strings.ToUpper(name)}[w.r.IntN(2)], active)
	if w.names[name] {
		w.do("POST", "/Users", body, 409)
		return
	}
	id := w.do("POST", "/Users", body, 201).body["id"].(string)
	w.users[id], w.names[name] = &simpleUser{name: name, active: active}, true
}

func (w *walk) addGroup() {
	name := []string{"nurses", "others", "clerks"}[w.r.IntN(3)]
	for _, g := range w.groups {
		if g.name == name {
			w.do("POST", "/Groups", `{"displayName":"`+name+`"}`, 409)
			return
		}
	}
	id := w.do("POST", "/Groups", `{"displayName":"`+name+`"}`, 201).body["id"].(string)
	w.groups[id] = &simpleGroup{name, map[string]bool{}}
}

func (w *walk) patchUser(id, ops string) {
	w.do("PATCH", "/Users/"+id, `{"Operations":[`+ops+`]}`, 200)
}

func (w *walk) turn() {
	id, active := w.some(w.userIDs()), w.r.IntN(2) == 0
	w.patchUser(id, fmt.Sprintf([]string{
		`{"op":"replace","path":"active","value":%t}`, `{"op":"Replace","path":"active","value":"%t"}`, `{"op":"add","value":{"ACTIVE":%t}}`,
	}[w.r.IntN(3)], active))
	w.users[id].active = active
}

func (w *walk) title() {
	id := w.some(w.userIDs())
	if w.r.IntN(3) == 0 {
		w.patchUser(id, `{"op":"remove","path":"title"}`)
		w.users[id].title = ""
		return
	}
	w.users[id].title = fmt.Sprint("title ", w.r.IntN(100))
	w.patchUser(id, `{"op":"add","path":"title","value":"`+w.users[id].title+`"}`)
}

func (w *walk) mail() {
	id, mail := w.some(w.userIDs()), fmt.Sprintf("m%d@x.test", w.r.IntN(6))
	w.patchUser(id, `{"op":"add","path":"emails","value":[{"value":"`+mail+`"}]}`)
	if u := w.users[id]; !slices.Contains(u.mails, mail) {
		u.mails = append(u.mails, mail)
	}
}

func (w *walk) unmail() {
	id, mail := w.some(w.userIDs()), fmt.Sprintf("m%d@x.test", w.r.IntN(6))
	w.patchUser(id, `{"op":"remove","path":"emails[value eq \"`+mail+`\"]"}`)
	u := w.users[id]
	u.mails = slices.DeleteFunc(u.mails, func(m string) bool { return m == mail })
}

func (w *walk) put() {
	id := w.some(w.userIDs())
	u := w.users[id]
	w.do("PUT", "/Users/"+id, `{"userName":"`+u.name+`"}`, 200)
	u.title, u.mails = "", nil
}

func (w *walk) removeUser() {
	if w.r.IntN(3) > 0 {
		return
	}
	id := w.some(w.userIDs())
	w.do("DELETE", "/Users/"+id, "", 204)
	delete(w.users, id)
	for _, g := range w.groups {
		delete(g.members, id)
	}
}

func (w *walk) patchGroup(id, ops string) {
	w.do("PATCH", "/Groups/"+id, `{"Operations":[`+ops+`]}`, 200)
}

func (w *walk) join() {
	g, u := w.some(w.groupIDs()), w.some(w.userIDs())
	w.patchGroup(g, `{"op":"Add","path":"members","value":[{"value":"`+u+`"}]}`)
	w.groups[g].members[u] = true
}

func (w *walk) leave() {
	g, u := w.some(w.groupIDs()), w.some(w.userIDs())
	w.patchGroup(g, `{"op":"Remove","path":"members","value":[{"value":"`+u+`"}]}`)
	delete(w.groups[g].members, u)
}

func (w *walk) leaveByBrackets() {
	g, u := w.some(w.groupIDs()), w.some(w.userIDs())
	w.patchGroup(g, `{"op":"remove","path":"members[value eq \"`+u+`\"]"}`)
	delete(w.groups[g].members, u)
}

func (w *walk) putGroup() {
	g, u := w.some(w.groupIDs()), w.some(w.userIDs())
	w.do("PUT", "/Groups/"+g, `{"displayName":"`+w.groups[g].name+`","members":[{"value":"`+u+`"}]}`, 200)
	w.groups[g].members = map[string]bool{u: true}
}

func (w *walk) rename() {
	g := w.some(w.groupIDs())
	name := fmt.Sprint("renamed ", len(w.log))
	if free := !slices.ContainsFunc(w.groupIDs(), func(id string) bool { return w.groups[id].name == "nurses" }); free {
		name = "nurses"
	}
	w.patchGroup(g, `{"op":"replace","path":"displayName","value":"`+name+`"}`)
	w.groups[g].name = name
}

func (w *walk) removeGroup() {
	if w.r.IntN(3) > 0 {
		return
	}
	g := w.some(w.groupIDs())
	w.do("DELETE", "/Groups/"+g, "", 204)
	delete(w.groups, g)
}

// compare asks the server for everything that the simple one has.
func (w *walk) compare() {
	w.t.Helper()
	if got := len(w.found("/Users?count=1000")); got != len(w.users) {
		w.t.Fatalf("%d users, want %d\n%s", got, len(w.users), strings.Join(w.log, "\n"))
	}
	for id, u := range w.users {
		r := w.direct("GET", "/Users/"+id, "").body
		title, _ := r["title"].(string)
		var mails []string
		list, _ := r["emails"].([]any)
		for _, m := range list {
			mails = append(mails, m.(map[string]any)["value"].(string))
		}
		roles := w.people.Roles(w.people.ByHandle(id).ID, 1<<60)
		if title != u.title || r["active"] != u.active || !slices.Equal(mails, u.mails) || !slices.Equal(roles, w.roles(id)) {
			w.t.Fatalf("%v, roles %v; want %+v, roles %v\n%s", r, roles, u, w.roles(id), strings.Join(w.log, "\n"))
		}
	}
	for id, g := range w.groups {
		r := w.direct("GET", "/Groups/"+id, "").body
		list, _ := r["members"].([]any)
		if r["displayName"] != g.name || len(list) != len(g.members) {
			w.t.Fatalf("%v, want %+v\n%s", r, g, strings.Join(w.log, "\n"))
		}
	}
}

func TestRandomProvisioningAgreesWithASlowModel(t *testing.T) {
	for seed := range uint64(40) {
		w := &walk{
			site: newSite(t, scim.ByUserName), r: rand.New(rand.NewPCG(seed, 7)),
			simple: simple{map[string]*simpleUser{}, map[string]*simpleGroup{}, map[string]bool{}},
		}
		for range 60 {
			w.step()
			w.compare()
		}
		w.reopened()
	}
}

// reopened: what was kept says the same as what is in memory.
func (w *walk) reopened() {
	w.t.Helper()
	w.must(w.desk.Reload(w.t.Context()))
	w.compare()
}
