package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"modicum/catalog"
	"modicum/policy"
)

// version is set by a release build; otherwise the build information says what it knows.
var version = ""

type versionCommand struct {
	JSON bool `help:"Print one JSON object."`
}

type versionInfo struct {
	Version   string `json:"version"`
	Commit    string `json:"commit,omitempty"`
	Modified  bool   `json:"modified,omitempty"`
	Go        string `json:"go"`
	Platform  string `json:"platform"`
	Catalog   string `json:"catalog"`
	Semantics int    `json:"semantics"`
	SQLDoor   bool   `json:"sql_door"`
	DuckDB    bool   `json:"duckdb"`
}

func buildInfo() versionInfo {
	v := versionInfo{
		Version: version, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH,
		Catalog: catalog.R4().Hash(), Semantics: policy.Semantics,
	}
	info, ok := debug.ReadBuildInfo()
	if ok {
		if v.Version == "" {
			v.Version = info.Main.Version
		}
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				v.Commit = s.Value
			case "vcs.modified":
				v.Modified = s.Value == "true"
			}
		}
	}
	if v.Version == "" || v.Version == "(devel)" {
		v.Version = "development"
	}
	return v
}

// Run prints what this binary is.
func (c *versionCommand) Run(t *terminal) error {
	v := buildInfo()
	if c.JSON {
		return printJSON(t, v)
	}
	fmt.Fprintf(t.out, "modicum %s\n", v.Version)
	if v.Commit != "" {
		fmt.Fprintf(t.out, "commit    %s\n", v.Commit)
	}
	fmt.Fprintf(t.out, "built by  %s for %s\n", v.Go, v.Platform)
	fmt.Fprintf(t.out, "catalog   FHIR R4 4.0.1, %.16s\n", v.Catalog)
	fmt.Fprintf(t.out, "rules     reading rules %d\n", v.Semantics)
	fmt.Fprintln(t.out, "linked    FHIR door; no SQL door, no DuckDB")
	return nil
}
