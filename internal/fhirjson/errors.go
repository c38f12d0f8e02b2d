package fhirjson

import "fmt"

// SyntaxError says why bytes are not JSON that Modicum reads, and where. It
// holds nothing of the bytes.
type SyntaxError struct {
	Offset int    // of the first byte that is wrong
	Why    string // a constant text
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("FHIR JSON refused at byte %d: %s", e.Offset, e.Why)
}

// why is a constant reason for refusing bytes.
type why uint8

const (
	fine why = iota
	whyEnd
	whyTrailing
	whyBOM
	whyToken
	whyLiteral
	whyNumber
	whyControl
	whyEscape
	whySurrogate
	whyUTF8
	whyName
	whyColon
	whyComma
	whyDepth
	whyBytes
	whyCells
	whyMembers
	whyLongName
	whyLongNumber
	whyEscapedName
	whyDuplicate
)

var whys = [...]string{
	whyEnd:         "the text ends too early",
	whyTrailing:    "something follows the value",
	whyBOM:         "a byte order mark",
	whyToken:       "a value was expected",
	whyLiteral:     "a literal other than true, false, null",
	whyNumber:      "not a JSON number",
	whyControl:     "a control character in a string",
	whyEscape:      "not a JSON escape",
	whySurrogate:   "half of a surrogate pair",
	whyUTF8:        "not UTF-8",
	whyName:        "a member name was expected",
	whyColon:       "a colon was expected",
	whyComma:       "a comma or the end was expected",
	whyDepth:       "nested too deep",
	whyBytes:       "too long",
	whyCells:       "too many values",
	whyMembers:     "too many members in one object",
	whyLongName:    "a member name is too long",
	whyLongNumber:  "a number is too long",
	whyEscapedName: "an escape in a member name",
	whyDuplicate:   "a member name occurs twice in one object",
}

func refuse(at int, w why) error { return &SyntaxError{Offset: at, Why: whys[w]} }
