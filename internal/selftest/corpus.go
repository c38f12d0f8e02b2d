// Package selftest sends an attack corpus at a running installation and grades it.
//
// It plants two synthetic patients in the server behind, who differ in nothing but
// what the caller of the test must not see, asks the same of both through the gate,
// and looks at the answers: they must not differ, and must not hold what is hidden
// (threat-model N1, N4). What is hidden it works out from the policy with every fact
// holding, so that it errs towards what could be shown. The corpus is data: a probe for
// each channel of threat-model 7.
package selftest

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

//go:embed corpus.json
var corpusText []byte

// Probe is one attack.
type Probe struct {
	Row   string `json:"row"` // of threat-model 7
	Title string `json:"title"`
	// Ask is METHOD and path below the base; Raw is a request as bytes, without its
	// last lines, where a client library would clean it.
	Ask     string            `json:"ask,omitempty"`
	Raw     string            `json:"raw,omitempty"`
	Type    string            `json:"type,omitempty"` // of the body
	Body    string            `json:"body,omitempty"`
	Headers map[string]string `json:"headers,omitempty"`
	// Expect: "" (the same answer, whoever of the planted is asked for), refuse (with
	// one of Status, or any from 400 to 499), anybody (the same with and without a
	// token), head (HEAD as GET, without a body), plain (as without the headers), closed
	// (the connection ends with the answer, so that nothing is read after it).
	Expect string `json:"expect,omitempty"`
	Status []int  `json:"status,omitempty"`
	// Ignore names what may differ: versions.
	Ignore []string `json:"ignore,omitempty"`
}

// Corpus returns the probes, in the order of the rows.
func Corpus() ([]Probe, error) {
	var out []Probe
	d := json.NewDecoder(bytes.NewReader(corpusText))
	d.DisallowUnknownFields()
	if err := d.Decode(&out); err != nil {
		return nil, fmt.Errorf("the corpus: %w", err)
	}
	for i := range out {
		p := &out[i]
		if (p.Ask == "") == (p.Raw == "") || p.Title == "" || !strings.HasPrefix(p.Row, "FC") ||
			!slices.Contains([]string{"", "refuse", "anybody", "head", "plain", "closed"}, p.Expect) {
			return nil, fmt.Errorf("the corpus: probe %d (%s) is not one", i, p.Title)
		}
	}
	return out, nil
}

// guesses are the values that a probe names and that only a planted patient has.
func (p *Probe) guesses() []string {
	var out []string
	for _, name := range []string{"family", "birth", "ssn", "phone"} {
		if strings.Contains(p.Ask+p.Raw+p.Body, "{"+name+"}") {
			out = append(out, name)
		}
	}
	return out
}

// aims reports whether a probe names a planted patient by id.
func (p *Probe) aims() bool { return strings.Contains(p.Ask+p.Raw+p.Body+fmt.Sprint(p.Headers), "{p}") }
