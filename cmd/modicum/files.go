package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"modicum/internal/facts"
)

// short names a file as a person at this folder would.
func short(path string) string {
	here, err := os.Getwd()
	if err != nil || path == "" {
		return path
	}
	rel, err := filepath.Rel(here, path)
	if err != nil || strings.HasPrefix(rel, "..") {
		return path
	}
	return rel
}

// readFacts reads a file of facts that fits a body.
func readFacts(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > facts.MaxBody {
		return nil, fmt.Errorf("%s: is larger than %d bytes", short(path), facts.MaxBody)
	}
	return os.ReadFile(path)
}

// lines splits a file into its lines, without empty ones.
func lines(b []byte) []string {
	var out []string
	for l := range strings.Lines(string(b)) {
		if l = strings.TrimSpace(l); l != "" {
			out = append(out, l)
		}
	}
	return out
}
