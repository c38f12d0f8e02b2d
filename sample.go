// Package modicum embeds the sample policy, so that one binary can write it into
// a new installation and run the demo without other files.
package modicum

import (
	"embed"
	"io/fs"
)

//go:embed policy-sample
var files embed.FS

// SamplePolicy returns the folder policy-sample: an example for an organization
// to start from, not legal advice.
func SamplePolicy() fs.FS {
	sub, err := fs.Sub(files, "policy-sample")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return sub
}
