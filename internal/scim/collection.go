package scim

import (
	"context"
	"net/http"

	"modicum/internal/people"
)

// collection serves one type of resource.
func (s *Server) collection(mux *http.ServeMux, t *resource, st store) {
	root := "/" + t.path
	mux.Handle("GET "+root, s.serve(func(r *http.Request) (*answer, error) {
		q, err := queryOf(r.URL.Query())
		if err != nil {
			return nil, err
		}
		return s.list(q, from{t, st})
	}))
	mux.Handle("POST "+root+"/.search", s.serve(func(r *http.Request) (*answer, error) { return s.search(r, from{t, st}) }))
	mux.Handle("POST "+root, s.serve(func(r *http.Request) (*answer, error) { return s.create(r, t, st) }))
	mux.Handle("GET "+root+"/{id}", s.serve(func(r *http.Request) (*answer, error) {
		if _, rev, err := st.get(r.PathValue("id")); err == nil && unchanged(r, rev) {
			return &answer{status: http.StatusNotModified, tag: version(rev)}, nil
		}
		return s.show(r, t, st, r.PathValue("id"), http.StatusOK)
	}))
	for method, change := range map[string]func(*http.Request, string, int64) error{
		"PUT": func(r *http.Request, id string, rev int64) error {
			in, err := body(r)
			if err != nil {
				return err
			}
			o, err := t.canonical(in)
			if err != nil {
				return err
			}
			return st.put(r.Context(), id, rev, o)
		},
		"PATCH": func(r *http.Request, id string, rev int64) error {
			in, err := body(r)
			if err != nil {
				return err
			}
			ops, err := operations(in)
			if err != nil {
				return err
			}
			return st.patch(r.Context(), id, rev, ops)
		},
	} {
		mux.Handle(method+" "+root+"/{id}", s.serve(func(r *http.Request) (*answer, error) {
			if err := s.conditional(r, st, change); err != nil {
				return nil, err
			}
			return s.show(r, t, st, r.PathValue("id"), http.StatusOK)
		}))
	}
	mux.Handle("DELETE "+root+"/{id}", s.serve(func(r *http.Request) (*answer, error) {
		err := s.conditional(r, st, func(r *http.Request, id string, rev int64) error { return st.remove(r.Context(), id, rev) })
		return &answer{status: http.StatusNoContent}, err
	}))
	s.otherMethods(mux, root, "GET, POST")
	s.otherMethods(mux, root+"/{id}", "GET, PUT, PATCH, DELETE")
}

// otherMethods answers what a path does not offer.
func (s *Server) otherMethods(mux *http.ServeMux, path, allow string) {
	mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Allow", allow)
		writeProblem(w, &problem{http.StatusMethodNotAllowed, "", "The method is not offered here."})
	})
}

// conditional runs a change that rests on If-Match.
func (s *Server) conditional(r *http.Request, st store, change func(*http.Request, string, int64) error) error {
	id := r.PathValue("id")
	_, now, err := st.get(id)
	if err != nil {
		return err
	}
	rev, err := expected(r, now)
	if err != nil {
		return err
	}
	return change(r, id, rev)
}

func (s *Server) create(r *http.Request, t *resource, st store) (*answer, error) {
	in, err := body(r)
	if err != nil {
		return nil, err
	}
	o, err := t.canonical(in)
	if err != nil {
		return nil, err
	}
	id, err := st.add(r.Context(), o)
	if err != nil {
		return nil, err
	}
	return s.show(r, t, st, id, http.StatusCreated)
}

// show answers with a resource as it is now.
func (s *Server) show(r *http.Request, t *resource, st store, id string, status int) (*answer, error) {
	q, err := queryOf(r.URL.Query())
	if err != nil {
		return nil, err
	}
	pick, err := t.projection(q)
	if err != nil {
		return nil, err
	}
	o, rev, err := st.get(id)
	if err != nil {
		return nil, err
	}
	a := &answer{status: status, body: pick.of(o), tag: version(rev), location: s.location(t, id)}
	return a, nil
}

func (s *Server) getUser(id string) (object, int64, error) {
	p := s.cfg.People.ByHandle(id)
	if !visible(p) {
		return nil, 0, errNotFound
	}
	rev := s.cfg.People.Revision(p.ID)
	return s.userOf(p, rev), rev, nil
}

// allUsers are those that may fit; an equality with a name spares the walk.
func (s *Server) allUsers(f *expr) (out []object) {
	add := func(p *people.Person) {
		if visible(p) {
			out = append(out, s.userOf(p, s.cfg.People.Revision(p.ID)))
		}
	}
	switch name, v := f.equality(); name {
	case "id":
		add(s.cfg.People.ByHandle(v))
	case "userName":
		add(s.cfg.People.ByUserName(v))
	case "externalId":
		for _, p := range s.cfg.People.ByExternal(v) {
			add(p)
		}
	default:
		for p := range s.cfg.People.People() {
			add(p)
		}
	}
	return out
}

// equality is the name and value of a core attribute that a filter demands, "" for none.
func (e *expr) equality() (name, value string) {
	switch {
	case e == nil:
	case e.and != nil:
		for _, x := range e.and {
			if name, value = x.equality(); name != "" {
				return name, value
			}
		}
	case e.op == "eq" && e.w.urn == "" && e.w.attr != nil && e.w.sub == nil:
		if v, ok := e.value.(string); ok {
			return e.w.attr.name, v
		}
	}
	return "", ""
}

func (s *Server) addUser(ctx context.Context, o object) (string, error) {
	if str(o, "userName") == "" {
		return "", bad(invalidValue, "userName is required.")
	}
	p := &people.Person{Active: true, SCIM: &people.Provisioned{}}
	if err := s.toPerson(o, p); err != nil {
		return "", err
	}
	id, err := s.idFor(p)
	if err != nil {
		return "", err
	}
	p.ID = id
	made, err := s.cfg.People.Add(ctx, s.by, p)
	if err != nil {
		return "", err
	}
	return made.SCIM.Handle, nil
}

// idFor is the id of a person who is added.
func (s *Server) idFor(p *people.Person) (string, error) {
	switch s.cfg.Person {
	case ByExternalID:
		if p.External == "" {
			return "", bad(invalidValue, "externalId is required: it is what facts and tokens call the person.")
		}
		return s.cfg.Prefix + p.External, nil
	case ByID:
		handle, err := people.NewHandle()
		p.SCIM.Handle = handle
		return s.cfg.Prefix + handle, err
	}
	return s.cfg.Prefix + p.UserName, nil
}

func (s *Server) putUser(ctx context.Context, id string, rev int64, o object) error {
	return s.changeUser(ctx, id, rev, func(p *people.Person, old object) error {
		for _, a := range append(s.users.core.attributes, common...) {
			if a.required && o[a.name] == nil && a.name != "active" {
				return bad(invalidValue, a.name+" is required.")
			}
			if s.users.mutability(&a) == "immutable" && o[a.name] == nil && old[a.name] != nil {
				o[a.name] = old[a.name] // who leaves out what cannot be changed does not change it
			}
			if err := s.users.allowed(&a, old[a.name], o[a.name]); err != nil && s.users.mutability(&a) == "immutable" {
				return err
			}
		}
		return s.toPerson(o, p)
	})
}

func (s *Server) patchUser(ctx context.Context, id string, rev int64, ops []operation) error {
	return s.changeUser(ctx, id, rev, func(p *people.Person, o object) error {
		if err := s.users.patch(o, ops); err != nil {
			return err
		}
		return s.toPerson(o, p)
	})
}

func (s *Server) changeUser(ctx context.Context, id string, rev int64, f func(*people.Person, object) error) error {
	p := s.cfg.People.ByHandle(id)
	if !visible(p) {
		return errNotFound
	}
	_, err := s.cfg.People.Change(ctx, s.by, p.ID, rev, func(p *people.Person) error { return f(p, s.userOf(p, 0)) })
	return err
}

func (s *Server) removeUser(ctx context.Context, id string, rev int64) error {
	p := s.cfg.People.ByHandle(id)
	if !visible(p) {
		return errNotFound
	}
	return s.cfg.People.Remove(ctx, s.by, p.ID, rev)
}

func (s *Server) getGroup(id string) (object, int64, error) {
	g := s.cfg.People.Group(id)
	if g == nil {
		return nil, 0, errNotFound
	}
	rev := s.cfg.People.GroupRevision(id)
	return s.groupOf(g, rev), rev, nil
}

func (s *Server) allGroups(f *expr) (out []object) {
	name, v := f.equality()
	for _, g := range s.cfg.People.Groups() {
		if name == "id" && g.ID != v {
			continue
		}
		out = append(out, s.groupOf(g, s.cfg.People.GroupRevision(g.ID)))
	}
	return out
}

func (s *Server) addGroup(ctx context.Context, o object) (string, error) {
	g := &people.Group{}
	if err := s.toGroup(o, g); err != nil {
		return "", err
	}
	made, err := s.cfg.People.AddGroup(ctx, s.by, g)
	if err != nil {
		return "", err
	}
	return made.ID, nil
}

func (s *Server) putGroup(ctx context.Context, id string, rev int64, o object) error {
	_, err := s.cfg.People.ChangeGroup(ctx, s.by, id, rev, func(g *people.Group) error { return s.toGroup(o, g) })
	return err
}

func (s *Server) patchGroup(ctx context.Context, id string, rev int64, ops []operation) error {
	_, err := s.cfg.People.ChangeGroup(ctx, s.by, id, rev, func(g *people.Group) error {
		o := s.groupOf(g, 0)
		if err := s.groups.patch(o, ops); err != nil {
			return err
		}
		return s.toGroup(o, g)
	})
	return err
}

func (s *Server) removeGroup(ctx context.Context, id string, rev int64) error {
	return s.cfg.People.RemoveGroup(ctx, s.by, id, rev)
}
