package verify

import (
	"encoding/base64"
	"strconv"
	"strings"
)

// IsProof tells whether b begins as a proof file does.
func IsProof(b []byte) bool { return strings.HasPrefix(string(b), proofHeader+"\n") }

const (
	proofHeader = "c2sp.org/tlog-proof@v1"
	// MaxProof bounds a proof file, in bytes: an entry in base64, a path, a checkpoint with cosignatures.
	MaxProof = 256 << 10
)

// ProofResult is what a proof file proves.
type ProofResult struct {
	OK      bool     `json:"ok"`
	Problem *Problem `json:"problem,omitempty"`
	Origin  string   `json:"origin,omitempty"`
	Index   int64    `json:"index"`
	Size    int64    `json:"size"`
	Root    string   `json:"root,omitempty"`
	Key     string   `json:"key,omitempty"`
	Entry   string   `json:"entry,omitempty"` // canonical JSON; set only when OK
}

// Proof checks a proof file (C2SP tlog-proof) that carries its entry as extra
// data. The error is for wrong options.
func Proof(b []byte, keys ...string) (*ProofResult, error) {
	known, err := parseKeys(keys)
	if err != nil {
		return nil, err
	}
	r := &ProofResult{Index: -1}
	r.Problem = r.check(b, known)
	r.OK = r.Problem == nil
	if !r.OK {
		r.Entry = ""
	}
	return r, nil
}

func (r *ProofResult) check(b []byte, keys []key) *Problem {
	bad := func(what string) *Problem { return problem(BadProof, r.Index, "", "%s", what) }
	if len(b) > MaxProof || !IsProof(b) {
		return bad("not a proof file: it does not begin with " + proofHeader)
	}
	head, cp, ok := strings.Cut(string(b), "\n\n")
	lines := strings.Split(head, "\n")
	if !ok || len(lines) < 3 {
		return bad("not a proof file: extra, index or checkpoint is missing")
	}
	extra, ok := strings.CutPrefix(lines[1], "extra ")
	raw, err := b64.DecodeString(extra)
	if !ok || err != nil {
		return bad("second line is not extra and the entry in base64")
	}
	num, ok := strings.CutPrefix(lines[2], "index ")
	index, err := strconv.ParseInt(num, 10, 64)
	if !ok || err != nil || index < 0 || strconv.FormatInt(index, 10) != num {
		return bad("third line is not index and a number")
	}
	r.Index = index
	if len(lines)-3 > 63 {
		return bad("the path is too long")
	}
	var path []hash
	for _, l := range lines[3:] {
		h, err := b64.DecodeString(l)
		if err != nil || len(h) != hashSize {
			return bad("a line of the path is not a base64 hash")
		}
		path = append(path, hash(h))
	}
	signed, p := openCheckpoint([]byte(cp), keys, "checkpoint of the proof")
	if p != nil {
		return p
	}
	r.Origin, r.Size, r.Key = signed.origin, signed.size, signed.signer.String()
	r.Root = base64.StdEncoding.EncodeToString(signed.root[:])
	if index >= signed.size {
		return bad("the index lies beyond the checkpoint")
	}
	root, ok := rootFromPath(leafHash(raw), index, signed.size, path)
	if !ok || root != signed.root {
		return bad("entry and path do not lead to the signed root")
	}
	if _, err := parseEntry(raw); err != nil {
		return problem(NotCanonical, index, "", "%v", err)
	}
	r.Entry = string(raw)
	return nil
}
