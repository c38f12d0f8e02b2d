package fhirjson

// History reads a Bundle of type history as Bundle does a searchset. A version that
// was deleted has no resource and is passed over, and so is how each came about.
func (s *Scanner) History(b []byte, each func(*Record) error) (next []byte, err error) {
	return s.page(b, "history", func(src []byte, _, resource uint32) error { return each(s.record(src, resource)) })
}
