package fhirjson

import (
	"errors"
)

// What makes a Bundle unusable. Both are the upstream's fault.
var (
	// ErrNotSearchset: the text is JSON, but no Bundle of the type that was asked for,
	// or its entries are not a list of objects.
	ErrNotSearchset = errors.New("not the Bundle that was asked for")
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
	return s.page(b, "searchset", func(src []byte, entry, resource uint32) error {
		return each(Entry{s.record(src, resource), s.mode(src, entry)})
	})
}

// page reads a Bundle of one type and calls each for its entries that have a resource.
func (s *Scanner) page(b []byte, kind string, each func(src []byte, entry, resource uint32) error) (next []byte, err error) {
	src, root, err := s.load(b, true)
	if err != nil {
		return nil, err
	}
	if string(s.text(src, root, "resourceType")) != "Bundle" || string(s.text(src, root, "type")) != kind {
		return nil, ErrNotSearchset
	}
	next, ok := s.next(src, root)
	if !ok {
		return nil, ErrNotSearchset
	}
	entries, err := s.entries(src, root)
	if err != nil || entries == 0 {
		return next, err
	}
	for i := entries + 1; i < s.tape[entries].next; i = s.tape[i].next {
		if resource := s.find(src, i, "resource"); resource != 0 {
			if err := each(src, i, resource); err != nil {
				return nil, err
			}
		}
	}
	return next, nil
}

// entries is the cell of a Bundle's entries, 0 when it has none: a list of objects,
// of bounded length.
func (s *Scanner) entries(src []byte, root uint32) (uint32, error) {
	entries := s.find(src, root, "entry")
	if entries == 0 {
		return 0, nil
	}
	if s.tape[entries].shape != array {
		return 0, ErrNotSearchset
	}
	n := 0
	for i := entries + 1; i < s.tape[entries].next; i = s.tape[i].next {
		if n++; n > s.limits.MaxEntries {
			return 0, ErrTooManyEntries
		}
		if s.tape[i].shape != object {
			return 0, ErrNotSearchset
		}
	}
	return entries, nil
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
