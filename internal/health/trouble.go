package health

import (
	"slices"
	"strconv"
	"time"

	"modicum/internal/caller"
	"modicum/internal/defect"
	"modicum/internal/notice"
	"modicum/internal/spool"
)

// Parts of the page, as anchors.
const (
	PartRecord   = "record"
	PartTime     = "time"
	PartPolicy   = "policy"
	PartUpstream = "upstream"
	PartIssuers  = "issuers"
	PartSources  = "sources"
	PartNotices  = "notices"
)

// Troubles lists what does not work as it should, the worst first.
func (s *State) Troubles() []Trouble {
	var out []Trouble
	for _, of := range []func() []Trouble{s.record, s.glasses, s.clock, s.policy, s.upstream, s.issuers, s.sources, s.notices} {
		out = append(out, of()...)
	}
	slices.SortStableFunc(out, func(a, b Trouble) int { return int(a.Level) - int(b.Level) })
	return out
}

// trouble is one of which nobody knows since when.
func trouble(part string, l Level, say, do string) Trouble {
	return Trouble{Part: part, Level: l, Say: say, Do: do}
}

// away is how bad it is that the record takes nothing: broken glasses go on while the
// spool takes their entries (threat model 9).
func (s *State) away() Level {
	if !s.Spool.Takes || defect.On(defect.EmergencyIsDown) {
		return Down
	}
	return Emergency
}

func (s *State) record() (out []Trouble) {
	add := func(l Level, say, do string) { out = append(out, trouble(PartRecord, l, say, do)) }
	r := &s.Record
	switch {
	case r.Refusing && s.away() == Down:
		add(Down, "the record takes no entries, nor does the spool: nothing protected is answered", "Look at the disk of the data folder and at the log, then start the process again.")
	case r.Refusing:
		add(Emergency, "the record takes no entries: nothing protected is answered but for broken glasses", "Look at the disk of the data folder and at the log, then start the process again. Broken glasses go on through the spool meanwhile.")
	}
	if r.Unmoved {
		add(Degraded, "entries of the record wait in its journal: they are durable, and searches do not find them yet", "Look at the disk of the data folder: the database cannot be written. It is tried again by itself.")
	}
	if r.Behind {
		add(Degraded, "the ledger folder does not follow the record: auditors see an older one", "Look at the disk and the rights of the ledger folder. It is written again by itself, and nothing is lost.")
	}
	if !s.Certain {
		add(Degraded, "it is not known whether the last change of people or grants was kept: nobody counts as active until it is", "It is looked at again at the next use. If this stays, look at the disk of the data folder.")
	}
	return out
}

func (s *State) glasses() (out []Trouble) {
	if s.Spool.InUse {
		out = append(out, trouble(PartRecord, s.away(), "the spool is in use: broken glasses are recorded there until the record takes entries again",
			"Make room for the record, or mend its disk. The spool is moved into the record by itself."))
	}
	if !s.Spool.Takes {
		out = append(out, trouble(PartRecord, Degraded, "the spool takes nothing more: should the record fail, no glass could be broken", "It empties itself once the record takes entries. If it does not, look at its disk and at the log, then start the process again."))
	}
	if s.Spool.Trouble != "" {
		out = append(out, trouble(PartRecord, Degraded, "the spool: "+s.Spool.Trouble, "Look at the disk of the spool, at the log, and at the entry "+spool.Drained+" of the record."))
	}
	if s.Loose > 0 {
		out = append(out, trouble(PartRecord, Degraded, "broken glasses that are not in the book yet: "+strconv.Itoa(s.Loose), "They are written down by themselves once the record takes entries. If the process ends before, they end, and are reviewed all the same."))
	}
	return out
}

func (s *State) clock() []Trouble {
	if s.Trusted {
		return nil
	}
	return []Trouble{trouble(PartTime, Degraded, "the time is not trusted: nothing that ends is permitted", "Set the clock of this machine, and let it follow a time server. Broken glasses go on by the clock of the process.")}
}

func (s *State) policy() []Trouble {
	if s.Policy.Trouble == "" {
		return nil
	}
	return []Trouble{trouble(PartPolicy, Degraded, s.Policy.Trouble, "The policy in force stays meanwhile. Mend the folder of the policy, or what the log says stands in the way; it is tried again by itself.")}
}

func (s *State) upstream() []Trouble {
	if !s.Upstream.Failing() {
		return nil
	}
	say := "the FHIR server gives no usable answer"
	if why := s.Upstream.Why; why != "" {
		say += ": " + why
	}
	return []Trouble{trouble(PartUpstream, Degraded, say, "Requests at the FHIR door answer 502 meanwhile. Look at the server at fhir.upstream and the way to it.")}
}

func (s *State) issuers() (out []Trouble) {
	for i := range s.Issuers {
		is := &s.Issuers[i]
		switch {
		case Known(is, s.Now) && is.Error == "":
		case Known(is, s.Now):
			out = append(out, trouble(PartIssuers, Degraded, "issuer "+is.Issuer+": its keys could not be looked at again; those known stay",
				"Look at the identity provider and the way to it: those known are believed for 24 hours after they were read."))
		default:
			out = append(out, trouble(PartIssuers, Degraded, "issuer "+is.Issuer+": its keys are not known, so its tokens are refused",
				"Look at the identity provider and the way to it, or name its keys by jwks_file. Who is signed in to the console stays so."))
		}
	}
	return out
}

// Known reports whether tokens of an issuer are believed: its keys were read, and lately.
func Known(is *caller.IssuerState, now time.Time) bool {
	return is.Keys > 0 && now.Sub(is.Loaded) <= caller.KeysLast
}

func (s *State) sources() (out []Trouble) {
	for i := range s.Sources {
		src := &s.Sources[i]
		if say, do := src.trouble(); say != "" {
			out = append(out, trouble(PartSources, Degraded, "source "+src.Name+" "+say, do))
		}
	}
	return out
}

const (
	feedIt = "Look at what sends it: the file in facts.files, the program that posts it, or the FHIR server."
	whole  = "Let it state once all that it holds (a line with \"whole\"): until then nobody knows whether a restriction is missing."
)

func (src *Source) trouble() (say, do string) {
	switch {
	case src.Broken != "" && !src.Stale && !src.NeverWhole:
		return "cannot be read: what it said before permits until it is " + src.Fresh.String() + " old", feedIt + " What could not be read: " + src.Broken + "."
	case src.Broken != "":
		return "is broken: its facts do not permit", feedIt + " What could not be read: " + src.Broken + "."
	case src.NeverWhole:
		return "was never read whole: restrictions that rest on it bite", whole
	case src.Stale:
		return "is stale: its facts do not permit", feedIt
	}
	return "", ""
}

func (s *State) notices() (out []Trouble) {
	for i := range s.Outlets {
		if t := outlet(&s.Outlets[i]); t.Say != "" {
			out = append(out, t)
		}
	}
	if s.Failed > 0 {
		out = append(out, trouble(PartNotices, Degraded, "notices that nobody has seen and no mail server took: "+strconv.Itoa(s.Failed), "They stand in the inbox of those whom they concern. Tell them another way."))
	}
	return out
}

func outlet(o *notice.OutletState) Trouble {
	switch {
	case o.Disabled:
		return trouble(PartNotices, Degraded, o.Name+" answered 410 and is called no more", "Ask those who run its receiver. Then switch it on again here, or write another url into webhooks, or take it out.")
	case !o.Failing.IsZero():
		return Trouble{PartNotices, Degraded, o.Name + " does not get out: " + o.Why, "It is tried again by itself for a day. Look at the server and at its keys in the configuration.", o.Failing}
	}
	return Trouble{}
}
