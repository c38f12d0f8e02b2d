package fhirjson

import (
	"errors"
)

// What makes a Bundle unusable. Both are the upstream's fault.
var (
	// ErrNotSearchset: the text is JSON, but no Bundle of type searchset, or its
	// entries are not a list of objects.
	ErrNotSearchset = errors.New("not a searchset Bundle")
	// ErrTooManyEntries: the Bundle has more entries than the limits allow.
	ErrTooManyEntries = errors.New("too many entries in a Bundle")
)

// Mode says why an entry is in a searchset.
type Mode uint8

// The modes of an entry. A Bundle that does not say (search.mode is optional)
// holds matches.
const (
	Match Mode = iota
	Include
	OutcomeEntry
	OtherMode // a mode that FHIR does not know
)

// Entry is one entry of a searchset.
type Entry struct {
	Record *Record
	Mode   Mode
}

// Bundle reads a searchset: all of b, which must not change until Reset. Nothing
// is handed to each before every byte has been checked. The Bundle's total, its
// other links and the entries' fullUrl are ignored; an entry without a resource is
// passed over. next is the upstream's own link to the next page, nil at the end: a
// bearer secret, which never leaves. An error of each ends the reading.
func (s *Scanner) Bundle(b []byte, each func(Entry) error) (next []byte, err error) {
	src, root, err := s.load(b)
	if err != nil {
		return nil, err
	}
	if string(s.text(src, root, "resourceType")) != "Bundle" || string(s.text(src, root, "type")) != "searchset" {
		return nil, ErrNotSearchset
	}
	next, ok := s.next(src, root)
	if !ok {
		return nil, ErrNotSearchset
	}
	entries := s.find(src, root, "entry")
	if entries == 0 {
		return next, nil
	}
	if s.tape[entries].shape != array {
		return nil, ErrNotSearchset
	}
	n := 0
	for i := entries + 1; i < s.tape[entries].next; i = s.tape[i].next {
		if n++; n > s.limits.MaxEntries {
			return nil, ErrTooManyEntries
		}
		if s.tape[i].shape != object {
			return nil, ErrNotSearchset
		}
	}
	for i := entries + 1; i < s.tape[entries].next; i = s.tape[i].next {
		resource := s.find(src, i, "resource")
		if resource == 0 {
			continue
		}
		if err := each(Entry{s.record(src, resource), s.mode(src, i)}); err != nil {
			return nil, err
		}
	}
	return next, nil
}

func (s *Scanner) mode(src []byte, entry uint32) Mode {
	search := s.find(src, entry, "search")
	if search == 0 {
		return Match
	}
	m := s.find(src, search, "mode")
	if m == 0 {
		return Match
	}
	if s.tape[m].shape != text {
		return OtherMode
	}
	switch string(s.decoded(src, &s.tape[m])) {
	case "match":
		return Match
	case "include":
		return Include
	case "outcome":
		return OutcomeEntry
	}
	return OtherMode
}

// next returns the url of the link next; false when links are not a list of
// objects with texts, or two of them are next.
func (s *Scanner) next(src []byte, root uint32) (url []byte, ok bool) {
	links := s.find(src, root, "link")
	if links == 0 {
		return nil, true
	}
	if s.tape[links].shape != array {
		return nil, false
	}
	for i := links + 1; i < s.tape[links].next; i = s.tape[i].next {
		if string(s.text(src, i, "relation")) != "next" {
			continue
		}
		if url != nil {
			return nil, false
		}
		if url = s.text(src, i, "url"); len(url) == 0 {
			return nil, false
		}
	}
	return url, true
}

// TypeName returns the name of the record's type, for messages and links.
func (r *Record) TypeName() string {
	if r.s == nil || r.Type == 0 {
		return ""
	}
	return r.s.cat.TypeName(r.Type)
}
