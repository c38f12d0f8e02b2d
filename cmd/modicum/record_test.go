package main

import (
	"encoding/csv"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"modicum/internal/client"
	"modicum/internal/pocket"
)

// saying runs a command before a server that answers everything alike.
func saying(t *testing.T, answer any, args ...string) (status int, out, errs string) {
	t.Helper()
	return typed(t, signedInto(t, answer), args...)
}

// signedInto is the folder of somebody who signed in at a server that answers everything alike.
func signedInto(t *testing.T, answer any) (dir string) {
	t.Helper()
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(answer); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(web.Close)
	dir = t.TempDir()
	if err := pocket.In(dir).Put(pocket.Token{Server: web.URL, Value: "iris", Who: "iris", Task: "none", Until: time.Now().Add(time.Hour).UnixMicro()}); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestC2_AFileOfTheRecordRunsNothing: what somebody was asked for may begin with anything.
func TestC2_AFileOfTheRecordRunsNothing(t *testing.T) {
	bad := []string{"=1+1", " =1+1", "\t=1+1", "\n@x", "\u00a0-1", "\uff1d1", "|x", "%x", "\"=1", "'=1"}
	found := client.RecordPage{}
	for _, cell := range bad {
		found.Items = append(found.Items, client.Deed{ID: "x", Kind: "act", Act: cell, What: []string{"name", cell}})
	}
	status, out, errs := saying(t, found, "record", "search", "--csv")
	rows, err := csv.NewReader(strings.NewReader(out)).ReadAll()
	if status != exitYes || err != nil || len(rows) != len(bad)+1 {
		t.Fatalf("%d %v %s%s", status, err, out, errs)
	}
	for i, row := range rows[1:] {
		if act := row[len(row)-2]; !strings.HasPrefix(act, "'") {
			t.Errorf("%q stands in the file as %q", bad[i], act)
		}
		if what := row[len(row)-1]; !strings.HasPrefix(what, "name") {
			t.Errorf("what begins harmlessly is %q", what)
		}
	}
}

// TestC2_AProofMovesNoCursor: it is a file of text, whoever sent it.
func TestC2_AProofMovesNoCursor(t *testing.T) {
	for proof, want := range map[string]int{"c2sp.org/tlog-proof@v1\nindex 7\n": exitYes, "c2sp.org/tlog-proof@v1\n\x1b[2J\n": exitUnavailable, "a\u202eb\n": exitUnavailable} {
		status, out, errs := saying(t, map[string]string{"name": "x", "proof": proof}, "record", "proof", "x")
		if status != want || want == exitYes && out != proof || want != exitYes && out+errs != strings.ReplaceAll(out+errs, "\x1b", "") {
			t.Errorf("%q: %d, %q %q", proof, status, out, errs)
		}
	}
}
