package main

import (
	"errors"
	"os"
	"time"

	"modicum/catalog"
	"modicum/internal/config"
	"modicum/internal/facts"
	"modicum/policy"
)

type factsCommands struct {
	Import factsImport `cmd:"" help:"Check a file of facts and put it in force, whole or not at all."`
	List   factsList   `cmd:"" help:"List what is known, and why a fact does not hold now."`
}

// vocabularyOf reads the policy of an installation and what it says about facts.
func vocabularyOf(cfg *config.Config) (*facts.Vocabulary, *policy.Set, error) {
	set, _ := policy.Load(os.DirFS(cfg.Policy), catalog.R4())
	if set == nil {
		return nil, nil, usage("the policy has errors; run: modicum policy check %s", short(cfg.Policy))
	}
	return facts.FromPolicy(set, set.Folder(), cfg.Facts.Fresh), set, nil
}

// configured loads the configuration; warnings go to standard error.
func configured(t *terminal, file string) (*config.Config, error) {
	cfg, problems := config.Load(file, t.environ)
	if cfg == nil {
		return nil, usage("%s", problems.Error())
	}
	return cfg, nil
}

// factJSON is a fact for programs, in the words of a file of facts.
type factJSON struct {
	Fact       string         `json:"fact"`
	Who        string         `json:"who"`
	Patient    string         `json:"patient,omitempty"`
	Object     string         `json:"object,omitempty"`
	ID         string         `json:"id,omitempty"`
	From       string         `json:"from,omitempty"`
	Until      string         `json:"until,omitempty"`
	Values     map[string]any `json:"values,omitempty"`
	Source     string         `json:"source"`
	RecordedBy string         `json:"recorded_by,omitempty"`
	Learned    string         `json:"learned"`
	Holds      bool           `json:"holds"`
	Restricts  bool           `json:"restricts"`
	Why        string         `json:"why,omitempty"`
}

func factOf(voc *facts.Vocabulary, l *facts.Listed) factJSON {
	out := factJSON{
		Fact: voc.Kinds[l.Fact].Name, Who: l.Who.String(), Object: l.Object, ID: l.ID, Source: voc.Sources[l.Source].Name,
		RecordedBy: l.RecordedBy, Learned: stamp(l.Learned), Holds: l.Permits, Restricts: l.Restricts, Why: l.Why,
	}
	if l.Patient != "" {
		out.Patient = "Patient/" + l.Patient
	}
	if !l.From.IsZero() {
		out.From = stamp(l.From)
	}
	if !l.Until.IsZero() {
		out.Until = stamp(l.Until)
	}
	for _, v := range l.Values {
		if out.Values == nil {
			out.Values = map[string]any{}
		}
		out.Values[v.Name] = v.Of
		if at, ok := v.Of.(time.Time); ok {
			out.Values[v.Name] = stamp(at)
		}
	}
	return out
}

var errProblems = errors.New("nothing was taken: the facts in force stay")
