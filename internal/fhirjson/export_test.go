package fhirjson

// ForgetMoulds makes s read what comes next as if it had never read a record.
func (s *Scanner) ForgetMoulds() {
	for i := range s.moulds {
		s.moulds[i].cells = s.moulds[i].cells[:0]
	}
}
