package access

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode"

	"modicum/internal/defect"
	"modicum/internal/facts"
	"modicum/internal/people"
	"modicum/policy"
	"modicum/policy/doc"
)

const (
	mostText  = 500                 // letters of what somebody writes
	sameAgain = 30 * 24 * time.Hour // how long one's own text is not taken again
)

// reason says what is wrong with a reason. kinds are those that the policy lists; a
// reference that is proved needs no words.
func (b *Book) reason(p *problems, r *Reason, kinds doc.Words, bound *Bound) {
	if len(kinds) > 0 && !slices.Contains(texts(kinds), r.Kind) {
		p.add("reason.kind", "reason-kind", "Choose one of the reasons of the policy: "+joinOr(texts(kinds))+".")
	}
	if len(kinds) == 0 && r.Kind != "" {
		p.add("reason.kind", "reason-kind", "The policy lists no reasons here: leave the kind out and write why.")
	}
	if len([]rune(r.Text)) > mostText {
		p.add("reason.text", "reason-long", "The reason is longer than 500 letters. Say it shorter.")
	}
	if r.Ref != "" && bound == nil {
		p.add("reason.ref", "reason-ref", "Nothing open of yours or of this patient has this number now. Check the ticket, visit, claim, appointment or request, or leave it out and write why.")
	}
	if bound == nil && r.Ref == "" && !says(r.Text) {
		p.add("reason.text", "reason-empty", "Say in a few words what you need it for, so that whoever decides or reviews understands it, such as: the denial letter asks for the operative note.")
	}
}

// says reports whether a text says something: two words that differ, of some letters.
func says(text string) bool {
	if defect.On(defect.ReasonUnread) {
		return true
	}
	words, letters := map[string]bool{}, map[rune]bool{}
	dense := 0 // letters of scripts that write no blanks between words
	for _, w := range strings.Fields(plainText(text)) {
		words[w] = true
		for _, r := range w {
			letters[r] = true
			if unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar) {
				dense++
			}
		}
	}
	return len(letters) >= 4 && (len(words) >= 2 || dense >= 4)
}

// plainText is a text as two of them are compared: lower-case letters and digits.
func plainText(text string) string {
	var out strings.Builder
	for _, r := range strings.ToLower(text) {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) {
			out.WriteRune(r)
		} else {
			out.WriteByte(' ')
		}
	}
	return strings.Join(strings.Fields(out.String()), " ")
}

// copied reports whether a text is one that the person wrote before.
func copied(text string, earlier []string) bool {
	mine := plainText(text)
	if mine == "" {
		return false
	}
	for _, e := range earlier {
		if plainText(e) == mine {
			return true
		}
	}
	return false
}

// earlier are the person's own texts of the last days.
func (b *Book) earlier(ctx context.Context, person string, now int64) ([]string, error) {
	since := now - sameAgain.Microseconds()
	var out []string
	for r, err := range b.allRequests(ctx, person, since) {
		if err != nil {
			return nil, err
		}
		if r.Made >= since {
			out = append(out, r.Want.Reason.Text)
		}
	}
	for g, err := range b.allGrants(ctx, person, since) {
		if err != nil {
			return nil, err
		}
		if g.Made >= since && g.Want.Kind == Asked {
			out = append(out, g.Want.Reason.Text)
		}
	}
	return out, nil
}

// bind finds the fact on which a reason rests: an open item of the person, or of the
// person and one of the patients, with that number; nil where there is none.
func (b *Book) bind(person *people.Person, roles []string, w *Want, wall time.Time) *Bound {
	if w.Reason.Ref == "" || b.cfg.Facts == nil {
		return nil
	}
	for _, patient := range append([]string{""}, w.Patients...) {
		bound := &Bound{Patient: patient, Ref: w.Reason.Ref}
		if in, ok := b.instance(person, roles, bound, wall); ok && in.Permits {
			bound.Fact = b.cfg.Facts().Vocabulary().Kinds[in.Fact].Name
			return bound
		}
	}
	return nil
}

// instance finds what a reference names: by its own number, by the object, or by the
// object's id. Of several the one that permits.
func (b *Book) instance(person *people.Person, roles []string, at *Bound, wall time.Time) (found facts.Instance, ok bool) {
	ix := b.cfg.Facts()
	sub := facts.Subject{Person: person.ID, Roles: roles, Dept: person.Department, Facility: person.Facility}
	for _, in := range instances(ix, &sub, at.Patient, wall) {
		_, id, _ := strings.Cut(in.Object, "/")
		names := in.ID() == at.Ref || in.HasObject && (in.Object == at.Ref || id == at.Ref)
		if named := at.Fact == "" || ix.Vocabulary().Kinds[in.Fact].Name == at.Fact; names && named && (!ok || in.Permits) {
			found, ok = in, true
		}
	}
	return found, ok
}

// instances are the facts about a person, or about them and a patient. The caller has
// seen to it that the time is certain.
func instances(ix *facts.Index, sub *facts.Subject, patient string, wall time.Time) []facts.Instance {
	var truth policy.Truth
	if patient == "" {
		return ix.CallerInstances(sub, wall, true, &truth, nil)
	}
	return ix.Patient(sub, patient, wall, true, &truth, nil)
}

func texts(words doc.Words) []string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = w.Text
	}
	return out
}

// mutters reports whether a text is at least one word of some letters that differ.
func mutters(text string) bool {
	letters := map[rune]bool{}
	for _, r := range plainText(text) {
		if r != ' ' {
			letters[r] = true
		}
	}
	return len(letters) >= 3 || defect.On(defect.ReasonUnread)
}

func joinOr(names []string) string { return strings.Join(names, ", ") }
