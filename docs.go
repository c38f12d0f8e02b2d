package modicum

import (
	"embed"
	"io/fs"
)

//go:embed docs/*.md
var documents embed.FS

// Docs returns the folder docs, so that a running installation can be read about
// without anything else.
func Docs() fs.FS {
	sub, err := fs.Sub(documents, "docs")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return sub
}
