package table

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

const magic = "MODICUM-CATALOG-3\n"

// codec walks a Snapshot in one fixed order, either collecting strings, writing,
// or reading, so that the order of the format is written down once.
type codec struct {
	collect map[string]int // collecting: strings seen
	index   map[string]int // writing
	out     []byte
	in      []byte // reading
	strs    []string
	err     error
}

func (c *codec) reading() bool { return c.collect == nil && c.index == nil }

func (c *codec) num(v *uint64) {
	switch {
	case c.collect != nil:
	case c.index != nil:
		c.out = binary.AppendUvarint(c.out, *v)
	default:
		n, used := binary.Uvarint(c.in)
		if used <= 0 {
			c.fail()
			return
		}
		*v, c.in = n, c.in[used:]
	}
}

func (c *codec) fail() {
	if c.err == nil {
		c.err = errors.New("catalog table is cut short")
	}
	c.in = nil
}

func (c *codec) str(s *string) {
	if c.collect != nil {
		c.collect[*s] = 0
		return
	}
	var i uint64
	if c.index != nil {
		i = uint64(c.index[*s])
	}
	c.num(&i)
	if !c.reading() {
		return
	}
	if i >= uint64(len(c.strs)) {
		c.fail()
		return
	}
	*s = c.strs[i]
}

func (c *codec) flag(b *bool) {
	var v uint64
	if *b {
		v = 1
	}
	c.num(&v)
	*b = v == 1
}

// list walks a slice: its length, then each element.
func list[T any](c *codec, s *[]T, each func(*T)) {
	n := uint64(len(*s))
	c.num(&n)
	if c.reading() {
		if n > uint64(len(c.in)) { // every element takes a byte at least
			c.fail()
			return
		}
		if n > 0 {
			*s = make([]T, n)
		}
	}
	for i := range *s {
		each(&(*s)[i])
	}
}

func (c *codec) nums(s *[]uint64)  { list(c, s, c.num) }
func (c *codec) texts(s *[]string) { list(c, s, c.str) }

func (c *codec) snapshot(s *Snapshot) {
	list(c, &s.Classes, c.class)
	list(c, &s.Types, c.typ)
	list(c, &s.Nodes, c.node)
	list(c, &s.Tables, func(t *Table) { c.nums(&t.Nodes) })
	list(c, &s.Systems, func(v *System) { c.str(&v.Name); c.texts(&v.URLs); c.flag(&v.Prefix) })
	list(c, &s.Codes, c.code)
	list(c, &s.Labels, func(v *Label) { c.num(&v.System); c.str(&v.Code); c.num(&v.Overlays) })
	list(c, &s.Rules, c.rule)
	list(c, &s.Extensions, func(v *Pair) { c.str(&v.URL); c.num(&v.Class) })
	c.texts(&s.Inherit)
	list(c, &s.IDTypes, func(v *IDType) { c.str(&v.Code); c.num(&v.Class) })
	list(c, &s.IDSystems, func(v *IDSystem) { c.str(&v.System); c.num(&v.Class) })
	list(c, &s.Contacts, func(v *Contact) { c.str(&v.System); c.num(&v.Class) })
	c.texts(&s.IDTypeSystems)
}

func (c *codec) class(v *Class) {
	c.str(&v.Name)
	c.str(&v.Title)
	c.str(&v.Description)
	c.str(&v.Note)
	c.str(&v.SafeHarbor)
	c.flag(&v.LimitedData)
	c.flag(&v.ExplicitOnly)
	c.flag(&v.FreeText)
	c.num(&v.Overlay)
	c.num(&v.Parent)
	c.texts(&v.FHIR)
}

func (c *codec) typ(v *Type) {
	c.str(&v.Name)
	c.num(&v.Root)
	c.num(&v.Default)
	c.nums(&v.Shows)
	c.num(&v.Flags)
	c.num(&v.Overlays)
	list(c, &v.Params, c.param)
	c.texts(&v.Compartment)
}

func (c *codec) param(v *Param) {
	c.str(&v.Name)
	c.num(&v.Kind)
	c.nums(&v.Nodes)
	c.nums(&v.Targets)
	list(c, &v.Components, c.param)
	c.str(&v.ContactSystem)
	c.num(&v.Flags)
}

// node writes rarely used fields behind a bit, as most nodes have none of them.
func (c *codec) node(v *Node) {
	c.str(&v.Name)
	c.str(&v.Path)
	c.num(&v.Class)
	c.num(&v.Kind)
	c.num(&v.Datatype)
	c.num(&v.Flags)
	c.num(&v.Table)
	rare := v.rare()
	c.num(&rare)
	if rare&1 != 0 {
		c.nums(&v.RefersSet)
	}
	if rare&2 != 0 {
		c.nums(&v.AnyOf)
	}
	if rare&4 != 0 {
		c.constant(&v.Absent)
	}
	if rare&8 != 0 {
		c.constant(&v.Masked)
	}
	if rare&16 != 0 {
		c.num(&v.ChoiceOf)
	}
	if rare&32 != 0 {
		c.str(&v.Implied)
		c.num(&v.Marks)
		c.num(&v.MainDate)
		c.num(&v.Place)
		c.num(&v.RuleGroup)
	}
}

// rare says which optional fields of v are set.
func (v *Node) rare() (bits uint64) {
	for i, set := range [...]bool{
		len(v.RefersSet) > 0, len(v.AnyOf) > 0, v.Absent != Constant{}, v.Masked != Constant{},
		v.ChoiceOf != 0,
		v.Implied != "" || v.Marks|v.MainDate|v.Place|v.RuleGroup != 0,
	} {
		if set {
			bits |= 1 << i
		}
	}
	return bits
}

func (c *codec) constant(v *Constant) {
	c.num(&v.Form)
	c.str(&v.Text)
}

func (c *codec) code(v *Code) {
	c.num(&v.System)
	c.str(&v.Low)
	c.str(&v.High)
	c.texts(&v.Except)
	c.num(&v.Overlay)
	c.str(&v.Meaning)
	c.str(&v.Strong)
}

func (c *codec) rule(v *Rule) {
	c.num(&v.Group)
	c.texts(&v.Systems)
	c.str(&v.Code)
	c.num(&v.Class)
	c.flag(&v.Whole)
	c.str(&v.When)
	c.nums(&v.Types)
}

// Encode writes s. Equal snapshots give equal bytes.
func Encode(s *Snapshot) []byte {
	collect := &codec{collect: map[string]int{}}
	collect.snapshot(s)
	strs := make([]string, 0, len(collect.collect))
	for v := range collect.collect {
		strs = append(strs, v)
	}
	slices.Sort(strs)
	w := &codec{index: collect.collect}
	w.collect = nil
	w.out = append(w.out, magic...)
	w.out = binary.AppendUvarint(w.out, uint64(len(strs)))
	prev := ""
	for i, v := range strs {
		w.index[v] = i
		same := shared(prev, v)
		w.out = binary.AppendUvarint(w.out, uint64(same))
		w.out = binary.AppendUvarint(w.out, uint64(len(v)-same))
		w.out = append(w.out, v[same:]...)
		prev = v
	}
	w.snapshot(s)
	return w.out
}

func shared(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// Decode reads what Encode wrote.
func Decode(data []byte) (*Snapshot, error) {
	if len(data) < len(magic) || string(data[:len(magic)]) != magic {
		return nil, errors.New("not a catalog table of this build: run go generate ./catalog")
	}
	c := &codec{in: data[len(magic):]}
	if err := c.readStrings(); err != nil {
		return nil, err
	}
	s := &Snapshot{}
	c.snapshot(s)
	if c.err == nil && len(c.in) != 0 {
		c.err = fmt.Errorf("catalog table has %d bytes too many", len(c.in))
	}
	return s, c.err
}

func (c *codec) readStrings() error {
	var n uint64
	c.num(&n)
	if n > uint64(len(c.in)) {
		c.fail()
		return c.err
	}
	c.strs = make([]string, n)
	var buf []byte
	for i := range c.strs {
		var same, more uint64
		c.num(&same)
		c.num(&more)
		if c.err != nil || same > uint64(len(buf)) || more > uint64(len(c.in)) {
			c.fail()
			return c.err
		}
		buf = append(buf[:same], c.in[:more]...)
		c.in = c.in[more:]
		c.strs[i] = string(buf)
	}
	return c.err
}
