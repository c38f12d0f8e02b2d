package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Every command that docs/api.md names for an act of a page is there.
func TestTheCommandsOfTheAPIsTableAreThere(t *testing.T) {
	text, err := os.ReadFile("../../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	var known []string
	for _, c := range leaves(t) {
		known = append(known, strings.Join(c, " "))
	}
	_, table, _ := strings.Cut(string(text), "| Page |")
	table, _, _ = strings.Cut(table, "\n\n")
	found := regexp.MustCompile("`modicum ([^`]+)`").FindAllStringSubmatch(table, -1)
	if len(found) < 40 {
		t.Errorf("only %d commands are found", len(found))
	}
	for _, m := range found {
		if !slices.Contains(known, m[1]) {
			t.Errorf("there is no command modicum %s", m[1])
		}
	}
}
