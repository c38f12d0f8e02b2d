package config

import _ "embed"

//go:embed example.yaml
var example []byte

// Example is a whole modicum.yaml in which each key has a comment: what
// `modicum init` writes. The paths in it are those that init makes.
func Example() []byte { return append([]byte(nil), example...) }
