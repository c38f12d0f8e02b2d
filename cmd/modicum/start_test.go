package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestServeShowsTheStartPage: at / stands what this is and how to ask, and its
// documents are read from the binary.
func TestServeShowsTheStartPage(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "hospital")
	if status, _, errs := command(t, "init", dir); status != exitYes {
		t.Fatal(errs)
	}
	keys := filepath.Join(t.TempDir(), "jwks.json")
	if err := os.WriteFile(keys, []byte(`{"keys":[]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	log, errs := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		environ := []string{"MODICUM_LISTEN=127.0.0.1:0", "MODICUM_ADMIN=127.0.0.1:0", "MODICUM_ISSUERS_0_JWKS_FILE=" + keys}
		ended <- run(ctx, []string{"serve", "--config", filepath.Join(dir, "modicum.yaml")}, environ, strings.NewReader(""), io.Discard, errs)
		errs.Close()
	}()
	address, said := listening(log)
	go io.Copy(io.Discard, log)
	defer func() {
		stop()
		<-ended
	}()
	if address == "" {
		t.Fatalf("serve does not listen:\n%s", said)
	}
	for path, want := range map[string]string{"/": "The least patient data", "/style.css": "color-scheme", "/docs/interfaces.md": "# Interfaces"} {
		res, err := http.Get("http://" + address + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || res.StatusCode != http.StatusOK || !bytes.Contains(body, []byte(want)) {
			t.Errorf("%s: %s, want 200 and %q", path, res.Status, want)
		}
	}
}

// listening reads the log of a server up to the line that says where it listens:
// the first is the main address.
func listening(log io.Reader) (address, said string) {
	lines := bufio.NewScanner(log)
	for lines.Scan() {
		said += lines.Text() + "\n"
		var line struct{ Msg, Address string }
		if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "listening" {
			return line.Address, said
		}
	}
	return "", said
}
