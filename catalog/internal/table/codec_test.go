package table

import (
	"bytes"
	"os"
	"reflect"
	"testing"
)

func sample() *Snapshot {
	return &Snapshot{
		Classes: []Class{{Name: "a.b", Title: "T", ExplicitOnly: true, Overlay: 3, FHIR: []string{"X.y"}}},
		Types:   []Type{{Name: "X", Root: 1, Shows: []uint64{1}, Params: []Param{{Name: "p", Nodes: []uint64{1}, Components: []Param{{Name: "q"}}}}}},
		Nodes: []Node{{}, {Name: "y", Path: "X.y", Class: 127, Flags: Mandatory, Absent: Constant{Form: OfObject},
			Masked: Constant{Form: Literal, Text: "z"}, RefersSet: []uint64{1, 2, 3, 1 << 63}, ChoiceOf: 1, AnyOf: []uint64{1}, Marks: 4}},
		Tables: []Table{{}, {Nodes: []uint64{1}}},
		Codes:  []Code{{System: 1, Low: "A", High: "B", Except: []string{"C"}, Overlay: 2}},
		Rules:  []Rule{{Group: 1, Systems: []string{"s"}, Code: "c", Whole: true, Types: []uint64{1}}},
	}
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	file := Encode(sample())
	got, err := Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, sample()) {
		t.Errorf("got %+v", got)
	}
	if !bytes.Equal(Encode(got), file) {
		t.Error("written again, it has other bytes")
	}
}

func TestCutFilesAreErrors(t *testing.T) {
	file := Encode(sample())
	for n := range file {
		if _, err := Decode(file[:n]); err == nil {
			t.Errorf("the first %d of %d bytes were read as a whole table", n, len(file))
		}
	}
	if _, err := Decode(append(bytes.Clone(file), 0)); err == nil {
		t.Error("a byte too many was read over")
	}
}

// Whatever the bytes are, reading them ends in a table or an error.
func FuzzDecode(f *testing.F) {
	f.Add(Encode(sample()))
	if file, err := os.ReadFile("../../data/r4.table"); err == nil {
		f.Add(file[:4096])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := Decode(data)
		if err == nil && s == nil {
			t.Error("neither table nor error")
		}
	})
}
