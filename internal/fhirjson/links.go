package fhirjson

// Relinked appends the resource of a request with the references replaced that name
// another entry of the Bundle: to returns the address in place of a fullUrl, "" where it
// is none of the Bundle (hl7.org/fhir/R4/http.html#transaction). Only what stands as the
// text of a reference is replaced.
func (s *Scanner) Relinked(dst []byte, r *Request, to func(fullURL string) string) []byte {
	from := s.tape[r.cell].start
	for i := r.cell + 1; i < s.tape[r.cell].next; i++ {
		c := &s.tape[i]
		if c.shape != text || s.name(r.src, c) != "reference" {
			continue
		}
		if address := to(string(s.decoded(r.src, c))); address != "" {
			dst = append(dst, r.src[from:c.start]...)
			dst = append(append(append(dst, '"'), address...), '"')
			from = c.end
		}
	}
	return append(dst, r.src[from:s.tape[r.cell].end]...)
}
