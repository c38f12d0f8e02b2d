package console

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"net/http"
	"strings"
)

//go:embed start.css
var startStyle []byte

//go:embed frame.css
var frameStyle []byte

//go:embed vendored/htmx.min.js
var script []byte

//go:embed icon.svg
var icon []byte

//go:embed frame.html
var frameText string

//go:embed parts.html
var partsText string

// file is one that every page asks for: the same for everybody, small on the wire.
type file struct {
	kind          string
	plain, zipped []byte
	hash          string
}

var (
	styleFile     = newFile("text/css; charset=utf-8", bytes.Join([][]byte{startStyle, frameStyle}, nil))
	scriptFile    = newFile("text/javascript; charset=utf-8", script)
	iconFile      = newFile("image/svg+xml", icon)
	styleAddress  = "/style.css?" + styleFile.hash
	scriptAddress = "/htmx.js?" + scriptFile.hash
	iconAddress   = "/icon.svg?" + iconFile.hash
)

func newFile(kind string, plain []byte) *file {
	var zipped bytes.Buffer
	w, _ := gzip.NewWriterLevel(&zipped, gzip.BestCompression)
	w.Write(plain)
	w.Close()
	sum := sha256.Sum256(plain)
	return &file{kind, plain, zipped.Bytes(), hex.EncodeToString(sum[:6])}
}

// Style answers the style sheet that every page asks for at /style.css.
func Style(w http.ResponseWriter, r *http.Request) { styleFile.serve(w, r) }

// Script answers htmx, which pages use where it saves a reader from waiting; every
// page works without it.
func Script(w http.ResponseWriter, r *http.Request) { scriptFile.serve(w, r) }

// Icon answers the sign of the product, for the tab of a browser.
func Icon(w http.ResponseWriter, r *http.Request) { iconFile.serve(w, r) }

// serve answers the file. Under the address that names its hash it never changes.
func (f *file) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("Vary", "Accept-Encoding")
	if r.URL.RawQuery == f.hash {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		w.Write(f.zipped)
		return
	}
	w.Write(f.plain)
}
