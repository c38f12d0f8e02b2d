package merge

import (
	"modicum/catalog"
	"modicum/internal/defect"
)

// add writes a value where none was shown: into what is hidden there, if something is.
// sure says that nothing can be there, as in an item that is new.
func (m *merger) add(o, n int, sure bool) bool {
	may := m.addable(n, sure)
	switch {
	case !may, o == none, m.original.blank(o): // what is refused does not look at what is hidden
		return m.insert(n)
	case m.original.kind(o) == '{' && m.sent.kind(n) == '{':
		return m.object(o, none, n)
	case m.original.kind(o) == '[' && m.sent.kind(n) == '[':
		return m.list(o, none, n)
	}
	return m.insert(n) // what is there is not what FHIR allows there
}

// addable refuses what cannot be added. Whether the classes show is looked at when the
// record stands, since they may depend on what is written beside.
func (m *merger) addable(n int, sure bool) bool {
	v := &m.sent.vals[n]
	node := m.cat.Node(v.Node)
	why := Reason(0)
	switch {
	case v.Node == 0 && v.Name == "resourceType" && m.cat.Node(m.sent.vals[v.Parent].Node).Kind == catalog.ResourceRoot:
		return true
	case v.Node == 0, m.sent.blank(n) && v.Kind != 'n':
		why = NotKnown
	case m.frozen(v.Node):
		why = Decides
	case node.Kind == catalog.Narrative:
		why = Narrative
	case !sure && v.Name != "" && !v.Sibling && m.hides(m.sent.vals[v.Parent].Node, v.Node):
		why = MayHide
	}
	if why != 0 {
		m.refuseSent(n, why)
		return false
	}
	may := true
	for _, k := range m.sent.inside(n) {
		may = m.addable(k, sure || v.Kind == '[' && node.Kind != catalog.Primitive) && may
	}
	return may
}

// hides reports whether a single element may hold a value that does not show though
// its class does: a reference to what is not proven, an identifier of another kind, a
// choice of which one is such.
func (m *merger) hides(holder, id catalog.NodeID) bool {
	n := m.cat.Node(id)
	if n.Array {
		return false
	}
	if defect.On(defect.ReferenceLaid) {
		return false
	}
	if n.ChoiceOf == 0 {
		return n.Kind == catalog.Reference || n.ByValue
	}
	for _, k := range m.cat.Children(holder) {
		v := m.cat.Node(k)
		if v.ChoiceOf == n.ChoiceOf && (v.Kind == catalog.Reference || v.ByValue || v.Class != n.Class) {
			return true
		}
	}
	return false
}
