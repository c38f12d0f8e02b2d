package preview

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"modicum/internal/facts"
)

// valuesOf reads NAME=WORD,… by the types that the fact declares.
func valuesOf(kind *facts.Kind, text string, now time.Time) (map[string]any, error) {
	if text == "" {
		return nil, nil
	}
	out := map[string]any{}
	for pair := range strings.SplitSeq(text, ",") {
		name, word, ok := strings.Cut(pair, "=")
		typ, declared := kind.Values[name]
		if !ok || !declared {
			return nil, errors.New("values are written NAME=WORD, and the fact declares " + declaredOf(kind))
		}
		v, err := valueOf(typ, word, now)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		out[name] = v
	}
	return out, nil
}

func declaredOf(kind *facts.Kind) string {
	var names []string
	for n := range kind.Values {
		names = append(names, n)
	}
	slices.Sort(names)
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

func valueOf(typ facts.ValueType, word string, now time.Time) (any, error) {
	switch typ {
	case facts.Number:
		n, err := strconv.ParseFloat(word, 64)
		if err != nil {
			return nil, errors.New("must be a number")
		}
		return n, nil
	case facts.YesNo:
		if word != "yes" && word != "no" {
			return nil, errors.New("must be yes or no")
		}
		return word == "yes", nil
	case facts.Time:
		return timeOf(word, now)
	}
	return word, nil
}

// timeOf reads RFC 3339, a date, or an age such as 3d or 12h before now.
func timeOf(word string, now time.Time) (any, error) {
	if t, err := time.Parse(time.RFC3339, word); err == nil {
		return t.Format(time.RFC3339), nil
	}
	if t, err := time.Parse(time.DateOnly, word); err == nil {
		return t.Format(time.RFC3339), nil
	}
	if days, ok := strings.CutSuffix(word, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil {
			return now.AddDate(0, 0, -n).UTC().Format(time.RFC3339), nil
		}
	}
	if d, err := time.ParseDuration(word); err == nil {
		return now.Add(-d).UTC().Format(time.RFC3339), nil
	}
	return nil, errors.New("must be a time (2026-11-23T07:00:00Z, 2026-11-23) or an age (3d, 12h)")
}
