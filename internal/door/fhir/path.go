package fhir

import (
	"slices"
	"strings"

	"modicum/internal/upstream"
)

// shape says which interaction of the FHIR REST API a path spells.
type shape uint8

const (
	outside         shape = iota // no path of the API
	system                       // [base]
	metadata                     // [base]/metadata
	wellKnown                    // [base]/.well-known/...
	typeLevel                    // [base]/Type
	searchPath                   // [base]/Type/_search
	instance                     // [base]/Type/id
	version                      // [base]/Type/id/_history/vid
	instanceHistory              // [base]/Type/id/_history
	historyPath                  // history of a type, or of everything
	operation                    // a $operation, anywhere
	compartment                  // [base]/Type/id/Type and [base]/Type/id/*
	compartmentForm              // [base]/Type/id/Type/_search
	wholeChart                   // [base]/Type/id/$everything
	lastOnes                     // [base]/Observation/$lastn
	systemSearch                 // [base]/_search
)

// place is a path taken apart.
type place struct {
	shape            shape
	typ, id, version string
	inner            string // of a compartment: the type that is searched, or *
}

// parsePath reads the path below the base, "" or starting with "/". It accepts
// the one spelling that FHIR gives each interaction: no escapes, no empty or dot
// segments, no matrix parameters, no trailing slash but that of the base itself
// (FC48). Real servers read //Patient/1 and /%50atient/1 as Patient/1.
func parsePath(p string) place {
	if p == "" || p == "/" {
		return place{shape: system}
	}
	if p[0] != '/' || len(p) > 512 {
		return place{}
	}
	var seg [5]string
	n := 0
	for s := range strings.SplitSeq(p[1:], "/") {
		if n == len(seg) || s == "" || s == "." || s == ".." || !plain(s) {
			return place{}
		}
		seg[n] = s
		n++
	}
	if slices.ContainsFunc(seg[:n], func(s string) bool { return s[0] == '$' }) {
		return operationPath(seg, n)
	}
	switch seg[0] {
	case "metadata":
		return shapeIf(n == 1, metadata)
	case ".well-known":
		if n == 2 {
			return place{shape: wellKnown, typ: seg[1]}
		}
		return place{}
	case "_history":
		return shapeIf(n == 1, historyPath)
	case "_search":
		return shapeIf(n == 1, systemSearch)
	}
	if !upstream.IsType(seg[0]) {
		return place{}
	}
	return typePath(seg, n)
}

func typePath(seg [5]string, n int) place {
	at := place{typ: seg[0]}
	switch {
	case n == 1:
		at.shape = typeLevel
	case n == 2 && seg[1] == "_search":
		at.shape = searchPath
	case n == 2 && seg[1] == "_history":
		at.shape = historyPath
	case !upstream.IsID(seg[1]):
		return place{}
	case n == 2:
		at.shape, at.id = instance, seg[1]
	case n == 3 && seg[2] == "_history":
		at.shape, at.id = instanceHistory, seg[1]
	case n == 4 && seg[2] == "_history" && upstream.IsID(seg[3]):
		at.shape, at.id, at.version = version, seg[1], seg[3]
	case n == 3 && (seg[2] == "*" || upstream.IsType(seg[2])):
		at.shape, at.id, at.inner = compartment, seg[1], seg[2]
	case n == 4 && upstream.IsType(seg[2]) && seg[3] == "_search":
		at.shape, at.id, at.inner = compartmentForm, seg[1], seg[2]
	default:
		return place{}
	}
	return at
}

// operationPath tells the operations that are done here from all others.
func operationPath(seg [5]string, n int) place {
	switch {
	case n == 3 && seg[2] == "$everything" && (seg[0] == "Patient" || seg[0] == "Encounter") && upstream.IsID(seg[1]):
		return place{shape: wholeChart, typ: seg[0], id: seg[1], inner: "*"}
	case n == 2 && seg[0] == "Observation" && seg[1] == "$lastn":
		return place{shape: lastOnes, typ: seg[0]}
	}
	return place{shape: operation}
}

func shapeIf(ok bool, s shape) place {
	if !ok {
		return place{}
	}
	return place{shape: s}
}

// plain reports whether s holds only characters that a segment of the API needs,
// so that it has no second spelling.
func plain(s string) bool {
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		case c == '-', c == '.', c == '_', c == '$', c == '*':
		default:
			return false
		}
	}
	return true
}
