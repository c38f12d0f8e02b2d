package ledger

import (
	"math/rand/v2"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
)

// fill sets every field below v to something, or to nothing, by chance.
func fill(rng *rand.Rand, v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString([]string{"", "a", "keep", "<&\u2028>", "é😀€", "\x00\x01\b\t\n\f\r\x1f\x7f", "\"/\\", strings.Repeat("long", 50)}[rng.IntN(8)])
	case reflect.Bool:
		v.SetBool(rng.IntN(2) == 0)
	case reflect.Int, reflect.Int64:
		v.SetInt([]int64{0, 1, -1, 255, maxInteger}[rng.IntN(5)])
	case reflect.Slice:
		if n := rng.IntN(3); n > 0 {
			v.Set(reflect.MakeSlice(v.Type(), n, n))
			for i := range n {
				fill(rng, v.Index(i))
			}
		}
	case reflect.Map:
		if n := rng.IntN(4); n > 0 {
			v.Set(reflect.MakeMap(v.Type()))
			for range n {
				key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
				fill(rng, key)
				fill(rng, value)
				v.SetMapIndex(key, value)
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			fill(rng, v.Field(i))
		}
	}
}

// The writer and the tags of the structs, by which entries are read, say the same.
func TestL5_TheWriterAgreesWithTheTags(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		for _, e := range []Entry{new(Decision), new(Opened), new(Outcome), new(Act)} {
			fill(rng, reflect.ValueOf(e).Elem())
			want, err := json.Marshal(e, json.Deterministic(true))
			if err != nil {
				t.Fatal(err)
			}
			var w canonical
			e.write(&w)
			if w.bad || string(w.b) != string(want) {
				t.Fatalf("written\n%s\nwant\n%s", w.b, want)
			}
		}
	}
}

func TestL5_TheWriterRefusesWhatIsNotUTF8(t *testing.T) {
	for _, s := range []string{"\xff", "a\xc3", "\xed\xa0\x80", "ok\xf4\x90\x80\x80"} {
		var w canonical
		w.text(s)
		if !w.bad {
			t.Errorf("%q was taken", s)
		}
	}
}

func TestFormsAreTheRegularExpressionsOfTheirComments(t *testing.T) {
	forms := map[string]func(string) bool{
		`^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`: isUUIDv7,
		`^[A-Za-z0-9._-]{1,16}:[A-Za-z0-9_-]{22,64}$`:                           isKeyedRef,
		`^[0-9a-f]*$`:            isHexBits,
		`^[a-z0-9][a-z0-9._-]*$`: isNameKey,
	}
	seeds := []string{"", "0190163d-8694-739b-aea5-966c26f8ad91", "r1:abcdefghijklmnopqrstuv", "r.1_-:ABCDEFGHIJKLMNOPQRSTUVWXYZ_-0123456789", "00ff", "a.b_c-d", ".a", "-",
		"0190163d-8694-739b-cea5-966c26f8ad91", "r1:" + strings.Repeat("x", 64), "r1:" + strings.Repeat("x", 65), strings.Repeat("r", 17) + ":" + strings.Repeat("x", 30), "a:b:c", "é"}
	rng := rand.New(rand.NewPCG(3, 4))
	const letters = "0789abfgzAZ:-._ \n/"
	for pattern, is := range forms {
		re := regexp.MustCompile(pattern)
		for range 20_000 {
			s := []byte(seeds[rng.IntN(len(seeds))])
			for range rng.IntN(3) {
				if len(s) > 0 {
					s[rng.IntN(len(s))] = letters[rng.IntN(len(letters))]
				}
			}
			if rng.IntN(4) == 0 {
				s = s[:rng.IntN(len(s)+1)]
			}
			if is(string(s)) != re.Match(s) {
				t.Fatalf("%s: %q", pattern, s)
			}
		}
	}
}

// FuzzText: a string is spelled as encoding by the tags spells it, wherever in it something
// stands that is escaped.
func FuzzText(f *testing.F) {
	for _, odd := range []string{"", `"`, `\`, "\x1f", " ", "\x7f", "é", "\xff", "\u2028", "!#[]"} {
		for n := range 18 {
			f.Add(strings.Repeat("a", n) + odd)
			f.Add(strings.Repeat("a", n) + odd + strings.Repeat("b", 9))
		}
	}
	f.Fuzz(func(t *testing.T, s string) {
		var w canonical
		w.text(s)
		want, err := json.Marshal(s)
		if w.bad != (err != nil) || err == nil && string(w.b) != string(want) {
			t.Errorf("%q is spelled %s (bad: %t), want %s, %v", s, w.b, w.bad, want, err)
		}
	})
}
