package catalog

//go:generate go run ./internal/gen -definitions ../../shared/data/definitions -data data -out data/r4.table

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// Catalog is the whole vocabulary in force. Use R4, or Extend it with an
// organization's own extensions.
type Catalog struct {
	tables // generated content and indexes, see tables.go
}

//go:embed data/r4.table
var r4File []byte

var loadR4 = sync.OnceValue(func() *Catalog {
	c, err := load(r4File)
	if err != nil {
		// The table is part of this binary and tested with it.
		panic("catalog: " + err.Error())
	}
	return c
})

// R4 returns the catalog of FHIR R4 (4.0.1). It is built at the first call and
// shared by all.
func R4() *Catalog { return loadR4() }

// Extend returns a catalog that also knows an organization's own extensions: the
// canonical address of each and the name of its class. A class that is not there,
// an address that is none, and an address that the catalog already gives another
// class are errors, all of them reported in one.
func (c *Catalog) Extend(extensions map[string]string) (*Catalog, error) {
	out := *c
	out.extensions = maps.Clone(c.extensions)
	var problems []string
	for _, url := range slices.Sorted(maps.Keys(extensions)) {
		name := extensions[url]
		class, ok := c.Class(name)
		switch known, listed := c.extensions[url]; {
		case !ok:
			near := c.Nearest(name)
			if near != "" {
				near = fmt.Sprintf("; did you mean %s?", near)
			}
			problems = append(problems, fmt.Sprintf("extension %s: unknown class %q%s", url, name, near))
		case !strings.Contains(url, ":") || strings.ContainsAny(url, "| \t"):
			problems = append(problems, fmt.Sprintf("extension %q: not a canonical address without version", url))
		case c.InheritExtension([]byte(url)):
			problems = append(problems, fmt.Sprintf("extension %s: always has the class of what it stands in", url))
		case listed && known != class:
			problems = append(problems, fmt.Sprintf("extension %s: the catalog gives it the class %s", url, c.Name(known)))
		default:
			out.extensions[url] = class
		}
	}
	if len(problems) > 0 {
		return nil, fmt.Errorf("catalog: %s", strings.Join(problems, "; "))
	}
	out.hash = hashOf(c.base, out.extensions)
	return &out, nil
}

// Hash returns the hex SHA-256 of everything in the catalog that can change a
// decision: the generated table, the extensions, and the version of the code that
// reads them.
func (c *Catalog) Hash() string { return c.hash }

// semantics numbers the meaning that this package's code gives to its table. It
// goes up when an answer changes though the table does not.
const semantics = 1

func hashOf(base [sha256.Size]byte, extensions map[string]Class) string {
	h := sha256.New()
	fmt.Fprintf(h, "modicum catalog %d\n%x\n", semantics, base)
	for _, url := range slices.Sorted(maps.Keys(extensions)) {
		fmt.Fprintf(h, "%q %d\n", url, extensions[url])
	}
	return hex.EncodeToString(h.Sum(nil))
}
