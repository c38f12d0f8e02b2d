package fhirjson

// Version is one entry of a history: a record as it was.
type Version struct {
	Record  *Record
	Created bool // it was made by POST
}

// History reads a Bundle of type history as Bundle does a searchset. A version that
// was deleted has no resource and is passed over.
func (s *Scanner) History(b []byte, each func(Version) error) (next []byte, err error) {
	return s.page(b, "history", func(src []byte, entry, resource uint32) error {
		created := false
		if request := s.find(src, entry, "request"); request != 0 {
			created = string(s.text(src, request, "method")) == "POST"
		}
		return each(Version{s.record(src, resource), created})
	})
}
