package serve_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"modicum/internal/book"
	"modicum/internal/book/booktest"
	"modicum/internal/people"
	"modicum/internal/serve"
	"modicum/ledger"
	"modicum/ledger/ledgertest"
	"modicum/policy"
)

// TestT8_AStartTellsOfIdentitiesOfTwo: how many there are, and of nobody whose they are.
func TestT8_AStartTellsOfIdentitiesOfTwo(t *testing.T) {
	var shelf booktest.Shelf
	var pages []book.Page
	for _, id := range []string{"ann", "ben", "cyd"} {
		account := map[string]string{"ann": "mine", "ben": "f81d", "cyd": "f81d"}[id]
		pages = append(pages, book.Page{Kind: "person", ID: id, Revision: 1, Body: fmt.Appendf(nil, `{"id":%q,"user_name":%q,"name":"X","from":"local","active":true,"identities":[{"name":"https://id.example#%s","from":"local","by":"x","agreed":"y","since":1}]}`, id, id, account)})
	}
	if err := shelf.Keep(t.Context(), &ledger.Act{Act: "person-added", At: 1, ID: ledgertest.ID(1), Who: "x"}, pages); err != nil {
		t.Fatal(err)
	}
	d, err := people.Open(t.Context(), people.Config{
		Desk: book.NewDesk(&shelf), Policy: func() *policy.Set { return nil }, Now: func() (time.Time, bool) { return time.UnixMicro(2), true },
	})
	if err != nil {
		t.Fatal(err)
	}
	var told bytes.Buffer
	serve.TellIdentities(t.Context(), d, slog.New(slog.NewTextHandler(&told, nil)))
	if got := told.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "identities=1 ") || strings.Contains(got, "f81d") || strings.Contains(got, "ben") {
		t.Errorf("told: %q", got)
	}
}
