// Package verify checks a copy of the record without trusting whoever made it.
//
// It needs the copy (a folder or an address), the log's verification key and, to
// detect that history was rewritten by whoever holds the signing key, a
// checkpoint that was put aside earlier. It shares no code with the writer and
// imports the standard library alone; docs/ledger-format.md says what it relies
// on. Memory does not grow with the log, but for decisions that never ended.
package verify

import (
	"errors"
	"fmt"
	"runtime"
)

// Options say what to check against. Keys must be set.
type Options struct {
	Keys     []string                // verification keys: name+id+key; several after a rotation
	Since    []byte                  // an earlier signed checkpoint; nil when there is none
	Progress func(done, total int64) // entries; called from one goroutine; may be nil
	Workers  int                     // bundles checked at once; 0 means one a core
}

// What was done to a log.
type What string

// What can be found.
const (
	Changed      What = "changed"        // an entry is not what was logged
	Dropped      What = "dropped"        // an entry is missing, later ones moved up
	Inserted     What = "inserted"       // an entry that was never logged
	Swapped      What = "swapped"        // two entries changed places
	CutTail      What = "cut tail"       // the newest entries are gone
	Forked       What = "forked"         // signed, but not a continuation of the earlier checkpoint
	Rewritten    What = "rewritten"      // entries and tiles agree, the signed root does not
	BadSignature What = "bad signature"  // no given key signed the checkpoint
	WrongOrigin  What = "wrong origin"   // a checkpoint of another log
	BadPoint     What = "bad checkpoint" // not a checkpoint at all
	Missing      What = "missing file"   // a file that the checkpoint calls for
	BadTile      What = "damaged tile"   // the entries are right, a tile is not
	NotCanonical What = "not canonical"  // an entry in a form that is not allowed
	OutOfOrder   What = "out of order"   // an entry that cannot stand where it does
	BadProof     What = "bad proof"      // the path does not lead to the signed root
)

// Problem is the first thing found wrong. It is an error.
type Problem struct {
	What   What   `json:"what"`
	Entry  int64  `json:"entry"` // index of the first wrong entry; -1 where no entry can be named
	Path   string `json:"path,omitempty"`
	Detail string `json:"detail"`
}

func (p *Problem) Error() string {
	at := ""
	if p.Entry >= 0 {
		at = fmt.Sprintf("entry %d ", p.Entry)
	}
	if p.Path != "" {
		at += "(" + p.Path + ") "
	}
	return at + string(p.What) + ": " + p.Detail
}

func problem(what What, entry int64, path, format string, args ...any) *Problem {
	return &Problem{What: what, Entry: entry, Path: path, Detail: fmt.Sprintf(format, args...)}
}

// Result is what was looked at and what was found.
type Result struct {
	OK         bool             `json:"ok"`
	Problem    *Problem         `json:"problem,omitempty"`
	Origin     string           `json:"origin,omitempty"`
	Size       int64            `json:"size"`           // entries the checkpoint covers
	Root       string           `json:"root,omitempty"` // base64
	Key        string           `json:"key,omitempty"`  // name+id of the key that signed
	Since      int64            `json:"since,omitempty"`
	Entries    int64            `json:"entries"` // entries checked
	Bytes      int64            `json:"bytes"`   // of entries
	Kinds      map[string]int64 `json:"kinds"`
	Tiles      int64            `json:"tiles"` // files of hashes checked
	Bundles    int64            `json:"bundles"`
	Partials   int64            `json:"older_partials"` // older partial files, checked too
	Ignored    int64            `json:"ignored_files"`  // files that are no part of a log
	Unfinished int64            `json:"unfinished"`     // admitted decisions without outcome: all they opened counts as disclosed
	FirstAt    int64            `json:"first_at,omitempty"`
	LastAt     int64            `json:"last_at,omitempty"` // microseconds since 1970, UTC
}

// fail records p and is its error-free end.
func (r *Result) fail(p *Problem) *Result {
	r.OK, r.Problem = false, p
	return r
}

var errNoKey = errors.New("verify: no verification key given (--key name+id+key)")

func (o Options) workers() int {
	if o.Workers > 0 {
		return o.Workers
	}
	return runtime.GOMAXPROCS(0)
}
