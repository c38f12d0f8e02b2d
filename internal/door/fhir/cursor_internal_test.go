package fhir

import (
	"bytes"
	"crypto/rand"
	"strings"
	"testing"
	"time"
)

func TestD10_CursorsOpenForTheirCallerOnly(t *testing.T) {
	keys := []CursorKey{{1, bytes.Repeat([]byte{1}, 32)}}
	s, err := newSealer(keys, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(1_800_000_000, 0)
	st := &state{Type: "Condition", Query: [][2]string{{"patient", "p1"}}, Generation: "g", Expires: now.Add(cursorLife).Unix(), Page: 3, At: position{Last: "p1", Link: "?_getpages=x", Size: 20}}
	mine := binding("cursor", "alice", "app", "chart-review", "")
	text, err := s.seal(st, mine)
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.open(text, mine, now)
	if err != nil || got.At != st.At || got.Page != 3 || got.Query[0] != st.Query[0] {
		t.Fatalf("got %+v, %v", got, err)
	}
	for name, bound := range map[string][]byte{
		"another person": binding("cursor", "bob", "app", "chart-review", ""), "another client": binding("cursor", "alice", "app2", "chart-review", ""),
		"another task": binding("cursor", "alice", "app", "bill", ""), "another purpose": binding("cursor", "alice", "app", "chart-review", "TREAT"),
		"moved borders": binding("cursor", "alicea", "pp", "chart-review", ""), "nobody": nil,
	} {
		if _, err := s.open(text, bound, now); err == nil {
			t.Errorf("%s opens it", name)
		}
	}
	if _, err := s.open(text, mine, now.Add(cursorLife)); err == nil {
		t.Error("an old one opens")
	}
	for i := range len(text) {
		c := byte('A')
		if text[i] == c {
			c = 'B'
		}
		if _, err := s.open(text[:i]+string(c)+text[i+1:], mine, now); err == nil {
			t.Fatalf("changed at %d, it opens", i)
		}
	}
	for _, bad := range []string{"", "A", text[1:], text[:len(text)-1], text + "A", text + "=", " " + text, text + "\n"} {
		if _, err := s.open(bad, mine, now); err == nil {
			t.Errorf("%.20q… opens", bad)
		}
	}
}

func TestCursorsHaveOneLengthAndKeysRotate(t *testing.T) {
	old := CursorKey{1, bytes.Repeat([]byte{1}, 32)}
	fresh := CursorKey{2, bytes.Repeat([]byte{2}, 32)}
	before, _ := newSealer([]CursorKey{old}, rand.Reader)
	after, _ := newSealer([]CursorKey{fresh, old}, rand.Reader)
	gone, _ := newSealer([]CursorKey{fresh}, rand.Reader)
	now := time.Now()
	length := 0
	for _, n := range []int{0, 1, 500, 2900, 20_000} {
		st := &state{Type: "Condition", Expires: now.Add(time.Minute).Unix(), At: position{Link: "?x=" + strings.Repeat("ab", n/2)}}
		text, err := before.seal(st, nil)
		if err != nil {
			t.Fatalf("%d: %v", n, err)
		}
		if length != 0 && len(text) != length {
			t.Errorf("%d: length %d, not %d", n, len(text), length)
		}
		length = len(text)
		if got, err := after.open(text, nil, now); err != nil || got.At != st.At {
			t.Errorf("%d: after rotation: %v", n, err)
		}
		if _, err := gone.open(text, nil, now); err == nil {
			t.Errorf("%d: a key that is gone opens", n)
		}
	}
	noise := make([]byte, 8000) // letters carry 4.7 bits each: well beyond the room, compressed
	rand.Read(noise)
	for i := range noise {
		noise[i] = 'a' + noise[i]%26
	}
	if _, err := before.seal(&state{At: position{Link: string(noise)}}, nil); err != errCursorRoom {
		t.Errorf("what does not fit: %v", err)
	}
	for _, keys := range [][]CursorKey{nil, {{1, []byte("short")}}, {old, old}} {
		if _, err := newSealer(keys, rand.Reader); err == nil {
			t.Errorf("keys %v were accepted", keys)
		}
	}
}
