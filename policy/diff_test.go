package policy_test

import (
	"strings"
	"testing"

	"modicum/policy"
)

// whole is a small policy with one of each thing that a change may touch.
const whole = `
-- roles/nurse.yaml --
role: nurse
title: Nurse
owner: boss
review: 12 months
say: What the task needs.
tasks:
  care:
    title: Care
    purpose: treatment
    do: [read, search]
    while: [assigned, shift]
    see: {keep: [clinical.lab, clinical.note, demographics.name], ask: [identifiers.ssn], coarse: [demographics.birth-date]}
    marked: [sensitive.hiv]
    within: {back: 6 months}
    limits: {results: 50, patients: 20 per day}
    obligations: [watermark]
    break-glass: {for: 4 hours, review: 72 hours, reasons: [Emergency]}
    also:
      - {do: [read], see: {keep: [clinical.problem]}, while: [claim-item]}
      - {see: {keep: [clinical.imaging]}, lend: {for: 1 day, approve: [boss, deputy], reasons: [Audit]}}
never: [clinical.genomic, sensitive.sud]
-- roles/clerk.yaml --
role: clerk
title: Clerk
owner: boss
review: 12 months
say: What the task needs.
tasks:
  desk: {title: Desk, purpose: payment, do: [read], while: [item], see: {keep: [demographics.name]}}
-- restrictions.yaml --
restrictions:
  agreed: {title: Agreed, cite: a law, hide: [clinical.lab], while: [is-patient], unless: [consent, assigned], say: No.}
  plan: {title: Plan, cite: a law, hide: [clinical.note], to: [health-plan, provider], purposes: [treatment, payment], say: No.}
`

// TestG7_TheEffectOfAChangeIsSaid changes one thing at a time.
func TestG7_TheEffectOfAChangeIsSaid(t *testing.T) {
	for _, tt := range []struct {
		name, was, now string
		want           string // direction, where and roles of the first change
		says           string // in its words
	}{
		{"a class more", "keep: [demographics.name]}", "keep: [demographics.name, contact.phone]}", "opens clerk/desk clerk", "contact.phone: omit → keep"},
		{"a class less", "keep: [clinical.lab, clinical.note, demographics.name]", "keep: [clinical.lab, demographics.name]", "closes nurse/care nurse", "clinical.note: keep → omit"},
		{"more of a value", "coarse: [demographics.birth-date]", "keep: [demographics.birth-date]", "", ""},
		{"a fact less", "while: [assigned, shift]", "while: [assigned]", "opens nurse/care nurse", "while assigned"},
		{"a fact more", "while: [item]", "while: [item, shift]", "closes clerk/desk clerk", "while item"},
		{"a condition in place of its fact", "while: [item]", "while: [claim-item]", "closes clerk/desk clerk", ""},
		{"another way to hold", "while: [item]", "while: [{any: [item, assigned]}]", "opens clerk/desk clerk", "while assigned"},
		{"a mark more", "marked: [sensitive.hiv]", "marked: [sensitive.hiv, sensitive.mental-health]", "opens nurse/care nurse", "only in records marked sensitive.mental-health"},
		{"older records", "back: 6 months", "back: 7 months", "opens nurse/care nurse", "back 7 months"},
		{"a verb more", "do: [read], while: [item]", "do: [read, update], while: [item]", "opens clerk/desk clerk", "update"},
		{"asked for becomes shown", "ask: [identifiers.ssn], coarse", "coarse", "closes nurse/care nurse", "identifiers.ssn: ask → omit"},
		{"a never goes", "never: [clinical.genomic, sensitive.sud]", "never: [sensitive.sud]", "opens nurse nurse", "clinical.genomic"},
		{"a never of a mark goes", "never: [clinical.genomic, sensitive.sud]", "never: [clinical.genomic]", "opens nurse nurse", "sensitive.sud"},
		{"a longer grant", "for: 1 day", "for: 2 days", "opens nurse/care nurse", "lend for: 1 day → 2 days"},
		{"one approver less", "approve: [boss, deputy]", "approve: [boss]", "opens nurse/care nurse", "lend approve: boss, deputy → boss"},
		{"any reason will do", "approve: [boss, deputy], reasons: [Audit]", "approve: [boss, deputy]", "opens nurse/care nurse", "any text"},
		{"no grant needed", ", lend: {for: 1 day, approve: [boss, deputy], reasons: [Audit]}", "", "opens nurse/care nurse", "clinical.imaging: omit → keep"},
		{"a shorter glass", "break-glass: {for: 4 hours", "break-glass: {for: 3 hours", "closes nurse/care nurse", "4 hours → 3 hours"},
		{"reviewed later", "review: 72 hours", "review: 71 hours", "closes nurse/care nurse", "break-glass review"},
		{"a wider limit", "results: 50", "results: 60", "opens nurse/care nurse", "results: 50 → 60"},
		{"no limit", "limits: {results: 50, patients: 20 per day}", "limits: {results: 50}", "opens nurse/care nurse", "patients per day: 20 → no limit"},
		{"an obligation goes", "    obligations: [watermark]\n", "", "opens nurse/care nurse", "obligations"},
		{"a restriction goes", "  agreed: {title: Agreed, cite: a law, hide: [clinical.lab], while: [is-patient], unless: [consent, assigned], say: No.}\n", "", "opens agreed nurse", "→ gone"},
		{"a restriction lets go sooner", "unless: [consent, assigned]", "unless: [consent]", "opens agreed nurse", "unless consent"},
		{"a restriction never lets go", ", unless: [consent, assigned]", "", "closes agreed nurse", "hide clinical.lab; while is-patient"},
		{"a restriction asks for more", "while: [is-patient]", "while: [is-patient, shift]", "opens agreed nurse", "is-patient and shift"},
		{"a restriction hides less", "hide: [clinical.lab]", "hide: [clinical.note]", "opens agreed nurse", "clinical.lab: hidden → not hidden by it"},
		{"a recipient less", "to: [health-plan, provider]", "to: [health-plan]", "opens plan nurse", "to health-plan"},
		{"a purpose less", "purposes: [treatment, payment]", "purposes: [payment]", "opens plan nurse", "purposes payment"},
		{"an expression", "fact.kind == 'claim'", "fact.kind != 'claim'", "both claim-item nurse", "fact.kind != 'claim'"},
		{"what a fact carries", "carries: [object], values", "carries: [object, dates], values", "both claim-item nurse", "carries"},
		{"one more may state it", "programs: [feed]", "programs: [feed, other]", "both sources/adt clerk nurse", "programs"},
		{"fresh for longer", "fresh: 15 minutes", "fresh: 16 minutes", "opens sources/adt clerk nurse", "fresh"},
		{"a mark that only alerts", "watch: [sensitive.vip, sensitive.restricted]", "watch: [sensitive.vip, sensitive.restricted, sensitive.sud]", "opens organization clerk nurse", "watch"},
		{"exceptions for longer", "exceptions: {for: 8 hours", "exceptions: {for: 9 hours", "opens organization clerk nurse", "exceptions for"},
		{"no exceptions", "exceptions: {for: 8 hours, patients: 1, approve: [boss]}\n", "", "closes organization clerk nurse", "exceptions: yes → none"},
		{"the order of lines", "while: [assigned, shift]", "while: [shift, assigned]", "none", ""},
		{"a comment", "role: clerk", "# of the desk\nrole: clerk", "none", ""},
		{"a title", "title: Clerk", "title: Front desk clerk", "words roles/clerk.yaml ", "texts"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			now := strings.Replace(base+whole, tt.was, tt.now, 1)
			if now == base+whole {
				t.Fatal("the edit changes nothing")
			}
			old, probs := compile(whole)
			if old == nil {
				t.Fatal(probs)
			}
			set, probs := compile(now)
			if set == nil {
				if tt.want == "" {
					return // a class twice is refused by the check
				}
				t.Fatal(probs)
			}
			d := policy.Diff(old, set)
			first(t, &d, tt.want, tt.says)
		})
	}
}

func first(t *testing.T, d *policy.Difference, want, says string) {
	t.Helper()
	if len(d.Changes) == 0 {
		if want != "none" {
			t.Errorf("nothing is said, want %s", want)
		}
		return
	}
	c := d.Changes[0]
	if c.Kind == "access" && len(c.Classes) == 0 {
		t.Errorf("no class is named: %+v", c)
	}
	got := c.Direction.String() + " " + c.Where + " " + strings.Join(c.Roles, " ")
	if got != want || !strings.Contains(c.String(), says) {
		t.Errorf("got %q: %s; want %q: %s", got, &c, want, says)
	}
	if closing := strings.HasPrefix(want, "closes") || strings.HasPrefix(want, "words"); closing == d.Opens() {
		t.Errorf("opens is %v: %+v", d.Opens(), d.Changes)
	}
}

// TestG7_WhatIsNewOpens: whole roles, partners, conflicts.
func TestG7_WhatIsNewOpens(t *testing.T) {
	more := world(t, whole, role("porter", `
tasks:
  carry: {title: Carry, purpose: treatment, do: [read], while: [assigned], see: {keep: [demographics.name]}}
`))
	less := world(t, whole)
	d := policy.Diff(less, more)
	if got := d.Gains(); len(got) != 1 || got[0] != "porter" {
		t.Errorf("gains %v, want the new role", got)
	}
	if d := policy.Diff(more, less); d.Opens() {
		t.Errorf("a role that goes opens %+v", d.Changes)
	}
	apart := strings.Replace(base, "watch:", "conflicts:\n  - {roles: [clerk, nurse], say: No.}\nwatch:", 1) + whole
	if d := policy.Diff(world(t, apart), less); strings.Join(d.Gains(), " ") != "clerk nurse" {
		t.Errorf("without the conflict %v gain", d.Gains())
	}
	if d := policy.Diff(less, world(t, apart)); d.Opens() {
		t.Errorf("a conflict opens %+v", d.Changes)
	}
}

// TestG7_WhoIsHeldBackByAnOverdueReviewIsNamed: roles that are held back no more gain, and
// nobody else does.
func TestG7_WhoIsHeldBackByAnOverdueReviewIsNamed(t *testing.T) {
	of := func(due string) *policy.Set {
		return world(t, strings.Replace(base, "watch:", "break-glass: {"+due+"}\nwatch:", 1)+whole, role("medic", `
tasks:
  heal: {title: Heal, purpose: treatment, do: [read], while: [assigned], see: {keep: [demographics.name]}, break-glass: {for: 1 hour, review: 72 hours}}
`))
	}
	const all, nurses, medics, nobody = "overdue: hold", "overdue: hold, hold: [nurse]", "overdue: hold, hold: [medic]", "overdue: report"
	for _, tt := range []struct{ was, now, gain, lose string }{
		{all, nurses, "medic", ""}, {nurses, all, "", "medic"}, {nobody, nurses, "", "nurse"}, {nurses, nobody, "nurse", ""},
		{nurses, medics, "nurse", "medic"}, {nobody, all, "", "medic nurse"}, {all, nobody, "medic nurse", ""}, {all, "overdue: hold, hold: [medic, nurse]", "", ""},
	} {
		d := policy.Diff(of(tt.was), of(tt.now))
		lose := ""
		for _, c := range d.Changes {
			if c.Direction == policy.Closes {
				lose = strings.Join(c.Roles, " ")
			}
		}
		if gain := strings.Join(d.Gains(), " "); gain != tt.gain || lose != tt.lose {
			t.Errorf("%s, then %s: %q gain and %q lose, want %q and %q", tt.was, tt.now, gain, lose, tt.gain, tt.lose)
		}
	}
}

// TestG7_WhoReceivesWhatLeavesAtTheDeskIsNamedBesideRoles: where a restriction or a fact
// opens something to roles, and to recipients of whom no role tells, both are named.
func TestG7_WhoReceivesWhatLeavesAtTheDeskIsNamedBesideRoles(t *testing.T) {
	const kin = `
-- disclosures/kin.yaml --
disclosure: kin
title: To the family
owner: boss
review: 12 months
permission: 45 CFR 164.510(b)
purpose: treatment
to: [individual]
deliver: [portal]
accounting: yes
approve: [boss]
justify: The family asks.
say: For the family.
while: [assigned]
see: {keep: [clinical.lab]}
`
	for name, edit := range map[string][2]string{
		"a restriction lets go sooner":    {"unless: [consent, assigned]", "unless: [consent]"},
		"one more may state the fact":     {"programs: [feed]", "programs: [feed, other]"},
		"a mark only alerts":              {"watch: [sensitive.vip", "watch: [sensitive.sud, sensitive.vip"},
		"days are those of another zone":  {"time-zone: UTC", "time-zone: America/Chicago"},
		"another may say yes":             {"watch:", "approvals: {answer: 1 day, substitutes: {boss: deputy}}\nwatch:"},
		"a restriction no longer obliges": {"unless: [consent, assigned], say", "unless: [consent, assigned], obligations: [part2-notice], say"},
	} {
		t.Run(name, func(t *testing.T) {
			text := base + whole + kin
			now := strings.Replace(text, edit[0], edit[1], 1)
			was, is := world(t, text), world(t, now)
			if name == "a restriction no longer obliges" {
				was, is = is, was
			}
			d := policy.Diff(was, is)
			if !d.Unnamed() || strings.Join(d.Changes[0].Disclosures, " ") != "kin" || len(d.Changes[0].Roles) == 0 || !strings.Contains(d.Changes[0].String(), "at the desk by kin") {
				t.Errorf("unnamed %v: %+v", d.Unnamed(), d.Changes)
			}
			if back := policy.Diff(is, was); back.Unnamed() && d.Changes[0].Direction != policy.Both {
				t.Errorf("what closes needs a third: %+v", back.Changes)
			}
			if d := policy.Diff(world(t, base+whole), world(t, strings.Replace(base+whole, edit[0], edit[1], 1))); d.Unnamed() {
				t.Errorf("without a disclosure: %+v", d.Changes)
			}
		})
	}
}
