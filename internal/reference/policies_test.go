package reference_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing/fstest"

	"modicum/catalog"
	"modicum/policy"
	"modicum/policy/doc"
)

// The vocabulary of generated policies. It has each kind of word once or twice:
// parents, children, classes that must be named, classes of no patient.
var (
	seeWords = []string{
		"demographics", "demographics.name", "demographics.birth-date", "demographics.sogi", "contact", "contact.phone",
		"identifiers", "identifiers.mrn", "identifiers.ssn", "clinical", "clinical.lab", "clinical.medication", "clinical.note",
		"clinical.note.psychotherapy", "clinical.genomic", "financial", "coverage", "coverage.member-id", "admin",
		"admin.provider", "system.metadata", "dataset.aggregate",
	}
	numberWords  = []string{"contact.phone", "identifiers", "identifiers.mrn", "identifiers.ssn", "coverage.member-id"}
	overlayWords = []string{
		"sensitive.hiv", "sensitive.mental-health", "sensitive.sud", "sensitive.sud-part2", "sensitive.vip", "sensitive.restricted",
	}
	callerFacts  = []string{"shift", "ticket", "contract"}
	patientFacts = []string{"assigned", "item", "permit", "consent", "is-patient", "agreed", "claim", "recent"}
	conditions   = []string{"related", "both", "claim", "deep", "on-call", "mixed", "recent"}
	carrying     = []string{"item", "permit", "consent", "agreed", "claim", "deep", "contract"}
	taskNames    = []string{"care", "bill", "file", "look"}
	purposes     = []string{"treatment", "payment", "records"}
	obligations  = []string{"record-session", "watermark", "part2-notice", "no-reidentification", "redact-text", "delete-after-use"}
	kinds        = []string{"health-plan", "provider", "individual", "court"}
)

const vocabulary = `
sources:
  feed: {title: Feed, fresh: 15 minutes, programs: [adt]}
facts:
  shift: {means: On shift., about: caller, from: [feed]}
  ticket: {means: A ticket., about: caller, from: [feed]}
  contract: {means: In force., about: caller, from: [feed], carries: [classes, marked]}
  assigned: {means: Assigned., about: patient, from: [feed]}
  item: {means: An item., about: patient, from: [feed], carries: [object], values: {kind: text, closed: time}}
  permit: {means: A permit., about: patient, from: [feed], carries: [classes, marked, dates]}
  consent: {means: Consent., about: patient, from: [feed], carries: [dates]}
  is-patient: {means: The caller is the patient., about: patient, from: [feed]}
  agreed: {means: We agreed., about: patient, from: [feed], carries: [classes]}
conditions:
  related: {means: Either., any: [assigned, item]}
  both: {means: Both., all: [assigned, consent]}
  claim: {means: A claim., fact: item, where: fact.kind == 'claim'}
  recent: {means: Open., fact: item, where: "!has(fact.closed) || now < fact.closed"}
  deep: {means: Many ways., any: [both, claim, permit]}
  on-call: {means: Here., any: [shift, ticket]}
  mixed: {means: Here and related., all: [shift, related]}
`

// writer writes random policies.
type writer struct {
	*rand.Rand
	roles    []string // held by people
	programs []string // roles of programs
	wide     bool     // tasks with very many lines
}

func (w *writer) chance(percent int) bool { return w.IntN(100) < percent }

func one[T any](r *rand.Rand, of []T) T { return of[r.IntN(len(of))] }

// some draws between least and most different words.
func (w *writer) some(of []string, least, most int) []string {
	n := min(least+w.IntN(most-least+1), len(of))
	var out []string
	for _, i := range w.Perm(len(of))[:n] {
		out = append(out, of[i])
	}
	return out
}

func unique(words []string) []string {
	slices.Sort(words)
	return slices.Compact(words)
}

func list(words []string) string { return "[" + strings.Join(words, ", ") + "]" }

// randomPolicy returns the folder of a random policy.
func randomPolicy(r *rand.Rand) fstest.MapFS {
	w := &writer{Rand: r, wide: r.IntN(25) == 0}
	files := map[string]string{"conditions.yaml": vocabulary}
	n := 2 + w.IntN(3)
	if w.wide {
		n = 4
	}
	for i := range n {
		w.roles = append(w.roles, fmt.Sprintf("role-%d", i))
	}
	if w.chance(75) {
		w.programs = []string{"robot"}
	}
	for _, name := range w.roles {
		files["roles/"+name+".yaml"] = w.role(name, false)
	}
	task := one(r, taskNames)
	for _, name := range w.programs {
		files["roles/"+name+".yaml"] = w.robot(name, task)
	}
	files["organization.yaml"] = w.organization(task)
	files["restrictions.yaml"] = w.restrictions()
	files["partners/plan.yaml"] = w.partner("plan", "health-plan", "")
	files["partners/lab.yaml"] = w.partner("lab", "provider", "feed-out")
	if w.chance(50) {
		files["disclosures/packet.yaml"] = w.disclosure("packet")
	}
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(strings.TrimLeft(text, "\n"))}
	}
	return fsys
}

func (w *writer) organization(task string) string {
	var b strings.Builder
	b.WriteString("organization: small\ntitle: Small\ntime-zone: UTC\npositions: [boss, deputy]\n")
	b.WriteString("purposes: {treatment: [TREAT, COC], payment: [HPAYMT, REMITADV], records: [RECORDMGT]}\n")
	if w.chance(80) {
		fmt.Fprintf(&b, "watch: %s\n", list(w.some([]string{"sensitive.vip", "sensitive.restricted", "sensitive.sud"}, 1, 2)))
	}
	if w.chance(70) {
		b.WriteString("exceptions: {for: 8 hours, patients: 1, approve: [boss]}\n")
	}
	if !w.wide && w.chance(40) {
		among := append(slices.Clone(w.roles), w.programs...)
		fmt.Fprintf(&b, "conflicts:\n  - {roles: %s, say: No.}\n", list(w.some(among, 2, 3)))
	}
	if len(w.programs) > 0 {
		fmt.Fprintf(&b, "programs:\n  feed-out: {title: Out, owner: boss, role: robot, task: %s, partner: lab, key: mutual-tls, rotate: 90 days}\n", task)
		fmt.Fprintf(&b, "  feed-in: {title: In, owner: boss, role: robot, task: %s, key: mutual-tls, rotate: 90 days}\n", task)
	}
	return b.String()
}

func (w *writer) role(name string, program bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "role: %s\ntitle: Role\nowner: boss\nreview: 12 months\nsay: What it needs.\n", name)
	if program {
		b.WriteString("held-by: programs\n")
	}
	views := !program && w.chance(30)
	if views {
		fmt.Fprintf(&b, "views:\n  desk: %s\n", w.see(program, false))
	}
	b.WriteString("tasks:\n")
	least := 1
	if w.wide {
		least = 3
	}
	for i, task := range w.some(taskNames, least, 3) {
		purpose := one(w.Rand, purposes)
		if w.wide {
			purpose = purposes[0]
		}
		b.WriteString(w.task(task, purpose, program, views && (i == 0 || w.chance(30))))
	}
	if !w.wide && w.chance(50) {
		fmt.Fprintf(&b, "never: %s\n", w.never())
	}
	return b.String()
}

// robot is the role of programs, which has the one task that they do.
func (w *writer) robot(name, task string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "role: %s\ntitle: Role\nowner: boss\nreview: 12 months\nsay: What it needs.\nheld-by: programs\ntasks:\n", name)
	b.WriteString(w.task(task, one(w.Rand, []string{"treatment", "payment"}), true, false))
	if w.chance(30) {
		fmt.Fprintf(&b, "never: %s\n", w.never())
	}
	return b.String()
}

func (w *writer) never() string {
	words := w.some([]string{"identifiers.ssn", "clinical.note", "financial", "clinical.genomic", "contact"}, 0, 2)
	words = append(words, w.some(overlayWords, 0, 1)...)
	if len(words) == 0 {
		words = []string{"clinical.note.psychotherapy"}
	}
	if w.chance(5) {
		words = append(words, "sensitive")
	}
	return list(words)
}

func (w *writer) task(name, purpose string, program, view bool) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, "    "+format+"\n", args...) }
	fmt.Fprintf(&b, "  %s:\n", name)
	glass := !program && purpose == "treatment" && w.chance(60)
	lend := !program && w.chance(15)
	find := !program && w.chance(35)
	verbs := append([]string{"read"}, w.some([]string{"search", "create", "update", "export"}, 0, 4)...)
	line("title: Task")
	line("purpose: %s", purpose)
	line("do: %s", list(verbs))
	line("while: %s", w.hold(glass, find, 1))
	see := w.see(program, false)
	if view {
		see = "desk"
	}
	line("see: %s", see)
	if w.chance(60) {
		line("marked: %s", w.marked())
	}
	line("within: %s", w.within())
	line("justify: It is needed.")
	if lend {
		line("lend: {for: 1 hour, approve: [boss]}")
	}
	if w.chance(25) {
		line("to: %s", list(w.some(append([]string{"plan", "lab"}, kinds...), 1, 2)))
	}
	if w.chance(20) {
		line("exempt: %s", one(w.Rand, []string{"transaction", "required-by-law"}))
	}
	if w.chance(20) {
		line("obligations: %s", list(w.some(obligations, 1, 2)))
	}
	if glass {
		line("break-glass: {for: 1 hour, review: 24 hours}")
	}
	if find {
		line("find: {by: [demographics.name, demographics.birth-date, contact.phone], at-least: 2, show: {%s: [identifiers.mrn]}}",
			one(w.Rand, []string{"keep", "mask", "last4"}))
	}
	if limits := w.limits(slices.Contains(verbs, "export")); limits != "" {
		line("limits: {%s}", limits)
	}
	w.also(line, program, glass, find, lend)
	return b.String()
}

func (w *writer) also(line func(string, ...any), program, glass, find, lend bool) {
	n := w.IntN(4)
	if w.wide {
		n = 17
	}
	if find {
		n++
	}
	if n == 0 {
		return
	}
	line("also:")
	if find {
		line("  - {see: {keep: [identifiers.mrn, demographics.name]}}") // so that the task sees what its find shows
		n--
	}
	for range n {
		var parts []string
		if w.chance(70) {
			parts = append(parts, "while: "+w.hold(glass, find, 1))
		}
		if w.chance(40) {
			parts = append(parts, "do: "+list(w.some([]string{"read", "search", "create", "update"}, 1, 3)))
		}
		if w.chance(70) {
			parts = append(parts, "see: "+w.see(program, true))
		}
		if w.chance(60) {
			parts = append(parts, "marked: "+w.marked())
		}
		if w.chance(50) {
			parts = append(parts, "within: "+w.within())
		}
		if !program && !lend && w.chance(15) {
			parts, lend = append(parts, "lend: {for: 1 hour, approve: [boss, deputy]}"), true
		}
		if len(parts) == 0 {
			parts = []string{"marked: [sensitive.hiv]"}
		}
		line("  - {%s}", strings.Join(parts, ", "))
	}
}

// limits writes limits; a place goes with the verb export.
func (w *writer) limits(exports bool) string {
	var parts []string
	if exports {
		parts = append(parts, "export: "+one(w.Rand, []string{"desk", "workspace", "portal"}))
	}
	for _, key := range w.some([]string{"results", "rows"}, 0, 2) {
		parts = append(parts, fmt.Sprintf("%s: %d", key, 1+w.IntN(200)))
	}
	for _, key := range w.some([]string{"patients", "asks", "requests"}, 0, 2) {
		parts = append(parts, fmt.Sprintf("%s: %d per %s", key, 1+w.IntN(200), one(w.Rand, []string{"minute", "hour", "day"})))
	}
	return strings.Join(parts, ", ")
}

func (w *writer) see(program, small bool) string {
	lists := map[string][]string{}
	most := 8
	if small {
		most = 3
	}
	for _, word := range w.some(seeWords, 1, most) {
		t := one(w.Rand, []string{"keep", "keep", "keep", "mask", "coarse", "token", "ask", "omit", "last4", "last4"})
		if t == "last4" && !slices.Contains(numberWords, word) || t == "ask" && program {
			t = "keep"
		}
		lists[t] = append(lists[t], word)
	}
	if len(lists["omit"]) > 0 && len(lists) == 1 {
		lists = map[string][]string{"keep": lists["omit"]}
	}
	var parts []string
	for _, t := range []string{"keep", "last4", "coarse", "token", "mask", "ask", "omit"} {
		if len(lists[t]) > 0 {
			parts = append(parts, t+": "+list(lists[t]))
		}
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

func (w *writer) marked() string {
	if w.chance(20) {
		return "[sensitive]"
	}
	return list(w.some(overlayWords, 1, 4))
}

func (w *writer) within() string {
	var parts []string
	if w.chance(35) {
		parts = append(parts, "of: "+list(w.some(carrying, 1, 2)))
	}
	if w.chance(20) {
		parts = append(parts, "back: "+one(w.Rand, []string{"6 months", "30 days"}))
	}
	if w.chance(20) {
		parts = append(parts, "place: "+one(w.Rand, []string{"department", "facility"}))
	}
	if len(parts) == 0 {
		return "whole-record"
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// hold writes a list of facts: names, any, any with one all.
func (w *writer) hold(glass, find bool, least int) string {
	names := slices.Concat(callerFacts, patientFacts[:4], conditions)
	if find {
		names = append(names, "found", "found", "found")
	}
	if glass {
		names = append(names, "broken-glass")
	}
	if w.chance(20) {
		names = append(names, "author", "author", "author", "author")
	}
	var parts []string
	for _, name := range unique(w.some(names, least, 2)) {
		switch w.IntN(5) {
		case 0:
			parts = append(parts, "{any: "+list(unique(append(w.some(names, 1, 2), name)))+"}")
		case 1:
			parts = append(parts, fmt.Sprintf("{any: [%s, {all: %s}]}", name, list(unique(w.some(names, 2, 2)))))
		default:
			parts = append(parts, name)
		}
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

func (w *writer) restrictions() string {
	var b strings.Builder
	b.WriteString("restrictions:\n")
	for i := range 2 + w.IntN(4) {
		fmt.Fprintf(&b, "  rule-%d:\n    title: Rule\n    cite: a law\n    say: No.\n", i)
		hide := list(append(w.some(seeWords, 1, 2), w.some(overlayWords, 0, 2)...))
		everything := w.chance(25)
		if everything {
			hide = "everything"
		}
		fmt.Fprintf(&b, "    hide: %s\n", hide)
		narrowed := false
		if w.chance(35) {
			narrowed = true
			fmt.Fprintf(&b, "    of: %s\n", one(w.Rand, []string{"agreed", "permit", "consent", "item", "contract"}))
		}
		if w.chance(50) || everything && !narrowed {
			fmt.Fprintf(&b, "    while: %s\n", w.hold(w.chance(20), false, 1))
		}
		if w.chance(65) {
			fmt.Fprintf(&b, "    unless: %s\n", w.hold(w.chance(50), false, 1))
			if w.chance(60) {
				fmt.Fprintf(&b, "    obligations: %s\n", list(w.some(obligations, 1, 2)))
			}
		}
		if w.chance(40) {
			fmt.Fprintf(&b, "    to: %s\n", list(unique(w.some([]string{"plan", "lab", "health-plan", "provider", "provider", "court"}, 1, 2))))
		}
		if w.chance(30) {
			fmt.Fprintf(&b, "    purposes: %s\n", list(w.some(purposes, 1, 2)))
		}
	}
	return b.String()
}

func (w *writer) partner(name, kind, program string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "partner: %s\ntitle: Partner\nkind: %s\nowner: boss\nsay: No more.\n", name, kind)
	b.WriteString("contract: {id: C-1, from: 2026-01-01, until: 2027-12-31, review: 12 months}\n")
	all := []string{"treatment", "payment"}
	if program == "" {
		all = w.some(purposes, 1, 3)
	}
	fmt.Fprintf(&b, "purposes: %s\nmay-see: %s\n", list(all), list(w.some(seeWords, 5, 14)))
	if w.chance(70) {
		fmt.Fprintf(&b, "marked: %s\n", w.marked())
	}
	if w.chance(50) {
		fmt.Fprintf(&b, "never: %s\n", list(append(w.some(overlayWords, 0, 3), one(w.Rand, []string{"clinical.note", "identifiers.ssn"}))))
	}
	if program == "" {
		fmt.Fprintf(&b, "roles: [%s]\n", w.roles[0])
	} else if len(w.programs) > 0 {
		fmt.Fprintf(&b, "programs: [%s]\n", program)
	}
	return b.String()
}

func (w *writer) disclosure(name string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "disclosure: %s\ntitle: Packet\nowner: boss\nreview: 12 months\nto: %s\npurpose: %s\n", name,
		list(w.some(append([]string{"plan"}, kinds...), 1, 2)), one(w.Rand, purposes))
	fmt.Fprintf(&b, "permission: a law\njustify: It is needed.\nwhile: %s\nsee: %s\n", w.hold(false, false, 1), w.see(true, false))
	fmt.Fprintf(&b, "marked: %s\nwithin: %s\nnever: %s\ndeliver: [portal]\naccounting: no\n", w.marked(), w.within(), w.never())
	if w.chance(50) {
		fmt.Fprintf(&b, "also:\n  - {marked: %s, see: %s, while: %s}\n", w.marked(), w.see(true, true), w.hold(false, false, 1))
	}
	if w.chance(30) {
		fmt.Fprintf(&b, "obligations: %s\n", list(w.some(obligations, 1, 1)))
	}
	return b.String()
}

// compiled compiles a policy; the text says what is wrong with it.
func compiled(fsys fstest.MapFS) (*policy.Set, *doc.Folder, string) {
	s, probs := policy.Load(fsys, catalog.R4())
	if s == nil {
		var b strings.Builder
		for _, p := range probs.Errors() {
			b.WriteString(p.String() + "\n")
		}
		return nil, nil, b.String()
	}
	return s, s.Folder(), ""
}
