package fhirjson

import (
	"bytes"

	"modicum/catalog"
)

// Handles calls yield for each attachment of the record itself whose address names a
// Binary of this server, with the class of that address. Attachments of contained
// resources, and what the catalog does not know, are passed over.
func (r *Record) Handles(yield func(binary []byte, class catalog.Class)) {
	s := r.s
	if s == nil || r.Type == 0 || !bytes.Contains(r.src[s.tape[r.root].start:s.tape[r.root].end], []byte("Binary/")) {
		return
	}
	for i := r.root + 1; i < s.tape[r.root].next; i++ {
		c := &s.tape[i]
		if c.aux != 0 && r.isInner(i) {
			i = c.next - 1
			continue
		}
		if c.shape != text || c.node == 0 || s.know.nodes[c.node].node.Name != "url" || !s.inAttachment(c) {
			continue
		}
		if to := s.resolve(s.decoded(r.src, c)); s.cat.TypeName(to.Type) == "Binary" {
			yield(to.ID, r.real(c.class))
		}
	}
}

func (s *Scanner) inAttachment(c *cell) bool {
	parent := &s.tape[c.parent]
	return parent.node != 0 && s.know.nodes[parent.node].node.Kind == catalog.Attachment
}

// Content is what a Binary holds: its media type and its bytes in base 64, as they
// stand. It is false of anything else, and of a Binary with rules by which its other
// members would have to be read (implicitRules).
func (r *Record) Content() (media, data []byte, ok bool) {
	s := r.s
	if s == nil || r.TypeName() != "Binary" || s.find(r.src, r.root, "implicitRules") != 0 {
		return nil, nil, false
	}
	return s.text(r.src, r.root, "contentType"), s.text(r.src, r.root, "data"), true
}
