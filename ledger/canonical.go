package ledger

import (
	"maps"
	"slices"
	"strconv"
	"unicode/utf8"
)

// canonical writes entries in the form of RFC 8785: keys in ascending order, what
// is empty left out, integers, the shortest escapes (section 3.2.2.2). The tags of
// the structs say the same to encoding/json, by which entries are read; a test
// holds that both agree. Every request appends two entries, so that what an
// encoder by reflection costs is paid twice a request.
type canonical struct {
	b     []byte
	first bool // nothing stands yet in the object or list being written
	bad   bool // a string was not UTF-8
}

func (w *canonical) open(c byte) {
	w.b = append(w.b, c)
	w.first = true
}

func (w *canonical) close(c byte) {
	w.b = append(w.b, c)
	w.first = false
}

func (w *canonical) comma() {
	if !w.first {
		w.b = append(w.b, ',')
	}
	w.first = false
}

// key writes a name, which needs no escapes, and its colon.
func (w *canonical) key(name string) {
	w.comma()
	w.b = append(w.b, '"')
	w.b = append(w.b, name...)
	w.b = append(w.b, '"', ':')
}

// isPlain reports whether s stands in quotes as it is: ASCII, nothing to escape. It looks at
// eight bytes at once: what is subtracted from a byte that matters sets its high bit. It may
// set that of a byte above as well, which is as good an answer.
func isPlain(s string) bool {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	i := 0
	for ; i+8 <= len(s); i += 8 {
		x := uint64(s[i]) | uint64(s[i+1])<<8 | uint64(s[i+2])<<16 | uint64(s[i+3])<<24 |
			uint64(s[i+4])<<32 | uint64(s[i+5])<<40 | uint64(s[i+6])<<48 | uint64(s[i+7])<<56
		quote, escape := x^ones*'"', x^ones*'\\'
		if (x|(x-ones*' ')|(quote-ones)|(escape-ones))&highs != 0 {
			return false
		}
	}
	for ; i < len(s); i++ {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

const hexDigits = "0123456789abcdef"

func (w *canonical) text(s string) {
	w.b = append(w.b, '"')
	if isPlain(s) { // nearly all are
		w.b = append(w.b, s...)
		w.b = append(w.b, '"')
		return
	}
	from := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			continue
		}
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			w.bad = w.bad || r == utf8.RuneError && n == 1
			i += n - 1
			continue
		}
		w.b = append(w.b, s[from:i]...)
		from = i + 1
		w.b = append(w.b, '\\')
		switch c {
		case '"', '\\':
			w.b = append(w.b, c)
		case '\b':
			w.b = append(w.b, 'b')
		case '\t':
			w.b = append(w.b, 't')
		case '\n':
			w.b = append(w.b, 'n')
		case '\f':
			w.b = append(w.b, 'f')
		case '\r':
			w.b = append(w.b, 'r')
		default:
			w.b = append(w.b, 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	w.b = append(w.b, s[from:]...)
	w.b = append(w.b, '"')
}

// always writes a string member whatever it is, str one that is not empty.
func (w *canonical) always(name, v string) {
	w.key(name)
	w.text(v)
}

func (w *canonical) str(name, v string) {
	if v != "" {
		w.always(name, v)
	}
}

func (w *canonical) strs(name string, list []string) {
	if len(list) > 0 {
		w.key(name)
		w.list(list)
	}
}

func (w *canonical) list(list []string) {
	w.open('[')
	for _, v := range list {
		w.comma()
		w.text(v)
	}
	w.close(']')
}

func (w *canonical) int(name string, v int64) {
	w.key(name)
	w.b = strconv.AppendInt(w.b, v, 10)
}

func (w *canonical) count(name string, v int64) {
	if v != 0 {
		w.int(name, v)
	}
}

func (w *canonical) bool(name string, v bool) {
	w.key(name)
	w.b = strconv.AppendBool(w.b, v)
}

func (w *canonical) yes(name string, v bool) {
	if v {
		w.bool(name, v)
	}
}

// strings writes a map of strings.
func (w *canonical) strings(name string, m map[string]string) {
	if len(m) == 0 {
		return
	}
	w.key(name)
	w.open('{')
	for _, k := range slices.Sorted(maps.Keys(m)) {
		w.comma()
		w.text(k)
		w.b = append(w.b, ':')
		w.text(m[k])
	}
	w.close('}')
}

func (w *canonical) view(v View) {
	w.open('{')
	var few [8]string
	names := few[:0]
	for t := range v {
		names = append(names, t)
	}
	slices.Sort(names)
	for _, t := range names {
		w.comma()
		w.text(t)
		w.b = append(w.b, ':')
		w.list(v[t])
	}
	w.close('}')
}

func (w *canonical) views(vs []View) {
	if len(vs) == 0 {
		return
	}
	w.key("views")
	w.open('[')
	for _, v := range vs {
		w.comma()
		w.view(v)
	}
	w.close(']')
}

func (w *canonical) verdicts(vs []Verdict) {
	if len(vs) == 0 {
		return
	}
	w.key("verdicts")
	w.open('[')
	for i := range vs {
		w.comma()
		w.verdict(&vs[i])
	}
	w.close(']')
}

func (w *canonical) verdict(v *Verdict) {
	w.open('{')
	w.key("atoms")
	w.atoms(&v.Atoms)
	w.str("because", v.Because)
	w.str("class", v.Class)
	w.count("count", v.Count)
	w.strs("lost", v.Lost)
	w.strs("marked", v.Marked)
	w.yes("observed", v.Observed)
	if len(v.Patients) > 0 {
		w.key("patients")
		w.open('[')
		for _, p := range v.Patients {
			w.comma()
			w.b = strconv.AppendInt(w.b, int64(p), 10)
		}
		w.close(']')
	}
	w.always("type", v.Type)
	w.int("view", int64(v.View))
	w.close('}')
}

func (w *canonical) atoms(a *Atoms) {
	w.open('{')
	w.yes("lasting", a.Lasting)
	w.strs("of", a.Of)
	w.strs("overlays", a.Overlays)
	if len(a.Patients) > 0 {
		w.key("patients")
		w.open('[')
		for i := range a.Patients {
			w.comma()
			w.patient(&a.Patients[i])
		}
		w.close(']')
	}
	w.str("within", a.Within)
	w.close('}')
}

func (w *canonical) patient(p *PatientAtoms) {
	w.open('{')
	w.str("asked", p.Asked)
	w.str("bites", p.Bites)
	w.yes("glass", p.Glass)
	w.str("holds", p.Holds)
	w.str("lent", p.Lent)
	w.str("lent_classes", p.LentClasses)
	w.str("lent_overlays", p.LentOverlays)
	w.strs("of", p.Of)
	w.str("unknown", p.Unknown)
	w.close('}')
}

func (d *Decision) write(w *canonical) {
	w.open('{')
	w.strs("alerts", d.Alerts)
	w.strs("asked", d.Asked)
	w.int("at", d.At)
	w.str("behalf", d.Behalf)
	w.str("client", d.Client)
	w.always("door", d.Door)
	w.always("effect", string(d.Effect))
	w.str("exemption", d.Exemption)
	if f := &d.Facts; len(f.Bites)+len(f.Holds)+len(f.Unknown) > 0 {
		w.key("facts")
		w.open('{')
		w.strs("bites", f.Bites)
		w.strs("holds", f.Holds)
		w.strs("unknown", f.Unknown)
		w.close('}')
	}
	w.str("flow", d.Flow)
	if g := d.Generation; g != (Generation{}) {
		w.key("generation")
		w.open('{')
		w.str("catalog", g.Catalog)
		w.str("policy", g.Policy)
		w.count("semantics", g.Semantics)
		w.close('}')
	}
	w.str("grant", d.Grant)
	w.always("id", d.ID)
	w.always("interaction", d.Interaction)
	w.always("kind", string(d.Kind))
	w.str("mode", string(d.Mode))
	w.str("network", d.Network)
	w.strs("obligations", d.Obligations)
	w.str("part_of", d.PartOf)
	w.strs("patients", d.Patients)
	w.str("purpose", d.Purpose)
	w.str("purpose_code", d.PurposeCode)
	w.strs("reasons", d.Reasons)
	if !d.Request.empty() {
		w.key("request")
		d.Request.write(w)
	}
	w.str("role", d.Role)
	w.strs("roles", d.Roles)
	w.int("schema", int64(d.Schema))
	w.str("scope", d.Scope)
	w.strs("scopes", d.Scopes)
	w.count("status", d.Status)
	w.str("task", d.Task)
	w.bool("time_trusted", d.TimeTrusted)
	if len(d.View) > 0 {
		w.key("view")
		w.view(d.View)
	}
	w.always("who", d.Who)
	w.str("would", string(d.Would))
	w.close('}')
}

func (r *Request) empty() bool {
	return !r.Glass && !r.Exception && r.Partner == "" && r.Program == "" && r.Purpose == "" && r.Task == "" && r.Verb == "" &&
		len(r.Find)+len(r.Found)+len(r.Lent)+len(r.Meets)+len(r.Reads)+len(r.Shows)+len(r.Sorts)+len(r.To) == 0
}

func (r *Request) write(w *canonical) {
	w.open('{')
	w.yes("exception", r.Exception)
	w.strs("find", r.Find)
	w.strs("found", r.Found)
	w.yes("glass", r.Glass)
	w.strs("lent", r.Lent)
	w.strs("meets", r.Meets)
	w.str("partner", r.Partner)
	w.str("program", r.Program)
	w.str("purpose", r.Purpose)
	w.strs("reads", r.Reads)
	w.strs("shows", r.Shows)
	w.strs("sorts", r.Sorts)
	w.str("task", r.Task)
	w.strs("to", r.To)
	w.str("verb", r.Verb)
	w.close('}')
}

func (o *Opened) write(w *canonical) {
	w.open('{')
	w.int("at", o.At)
	w.always("id", o.ID)
	w.always("kind", string(o.Kind))
	w.strs("patients", o.Patients)
	w.int("schema", int64(o.Schema))
	w.int("seq", o.Seq)
	w.verdicts(o.Verdicts)
	w.views(o.Views)
	w.close('}')
}

func (o *Outcome) write(w *canonical) {
	w.open('{')
	w.int("at", o.At)
	w.int("bytes", o.Bytes)
	w.key("counts")
	w.open('{')
	w.int("shown", o.Counts.Shown)
	w.int("withheld", o.Counts.Withheld)
	w.close('}')
	w.always("end", string(o.End))
	w.always("id", o.ID)
	w.always("kind", string(o.Kind))
	w.yes("more", o.More)
	w.strs("patients", o.Patients)
	w.int("schema", int64(o.Schema))
	w.int("seq", o.Seq)
	w.count("status", o.Status)
	w.verdicts(o.Verdicts)
	w.views(o.Views)
	w.str("written", string(o.Written))
	w.close('}')
}

func (a *Act) write(w *canonical) {
	w.open('{')
	w.always("act", a.Act)
	w.int("at", a.At)
	w.str("behalf", a.Behalf)
	w.strings("hashes", a.Hashes)
	w.always("id", a.ID)
	w.always("kind", string(a.Kind))
	w.strs("patients", a.Patients)
	w.str("reason", a.Reason)
	w.int("schema", int64(a.Schema))
	w.strs("what", a.What)
	w.always("who", a.Who)
	w.close('}')
}
