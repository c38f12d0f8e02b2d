package main

import (
	"os"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"modicum/internal/client"
)

type keysCommands struct {
	List   keysList   `cmd:"" help:"Keys of a program, with the day they end."`
	Add    keysAdd    `cmd:"" help:"Register a public key of a program of yours."`
	Remove keysRemove `cmd:"" help:"End a key, and what it signed in."`
}

type keysList struct {
	Program string `arg:"" help:"Id of the program."`
	online  `embed:""`
}

// Help teaches by example.
func (c *keysList) Help() string {
	return `Examples:
  modicum keys list claims-robot` + reading
}

// Run lists keys.
func (c *keysList) Run(t *terminal) error {
	api, err := c.open(t)
	if err != nil {
		return err
	}
	found, err := api.Keys(t.ctx, c.Program)
	if err != nil {
		return over(err)
	}
	if c.JSON {
		return printJSON(t, map[string]any{"program": c.Program, "keys": found})
	}
	rows := [][]string{}
	for _, k := range found {
		used := "never used"
		if k.LastUse != nil {
			used = "used " + stamp(*k.LastUse)
		}
		rows = append(rows, []string{client.Plain(k.ID), "until " + stamp(k.Until), "by " + client.Plain(k.By), used})
	}
	return tableOr(t.out, rows, "It has no key yet: modicum keys add PROGRAM FILE")
}

type keysAdd struct {
	Program string `arg:"" help:"Id of the program."`
	File    string `arg:"" type:"existingfile" help:"Its public key as a JWK (RFC 7517)."`
	Days    int    `default:"90" help:"How long the key is good."`
	online  `embed:""`
}

// Help teaches by example.
func (c *keysAdd) Help() string {
	return `Registers a public key: EC P-256 or P-384, or RSA of 2048 bits and more. The private key
stays with the program: a file that holds one is not sent.

Examples:
  modicum keys add claims-robot robot.pub.jwk
  modicum keys add claims-robot robot.pub.jwk --days 30` + fresh
}

// Run registers a key.
func (c *keysAdd) Run(t *terminal) error {
	if c.Days < 1 {
		return usage("--days must be at least 1")
	}
	jwk, err := publicJWK(c.File)
	if err != nil {
		return err
	}
	api, err := c.open(t)
	if err != nil {
		return err
	}
	k, err := api.AddKey(t.ctx, c.Program, jwk, c.Days)
	if err != nil {
		return over(err)
	}
	return c.say(t, k, "Registered: %s, until %s.", client.Plain(k.ID), stamp(k.Until))
}

// mostKey bounds the file of a key, in bytes.
const mostKey = 16 << 10

// publicJWK reads a key. One that is private, or a secret, stays where it is (RFC 7518
// section 6: d is in every private key, k in every symmetric one).
func publicJWK(file string) (jsontext.Value, error) {
	info, err := os.Stat(file)
	if err != nil || info.Size() > mostKey {
		return nil, usage("%s cannot be read as a key", file)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, usage("%s cannot be read", file)
	}
	var members map[string]jsontext.Value
	if json.Unmarshal(text, &members) != nil || members["kty"] == nil {
		return nil, usage(`%s is no JWK: one JSON object with "kty", as RFC 7517 describes it`, file)
	}
	for _, secret := range []string{"d", "k", "p", "q", "dp", "dq", "qi", "oth"} {
		if members[secret] != nil {
			return nil, usage("%s holds a private key, which nobody needs but its program; it was not sent. Give the public one", file)
		}
	}
	return jsontext.Value(text), nil
}

type keysRemove struct {
	Program string `arg:"" help:"Id of the program."`
	Key     string `arg:"" help:"Id of the key, from modicum keys list."`
	Yes     bool   `help:"Do not ask; for scripts."`
	online  `embed:""`
}

// Help teaches by example.
func (c *keysRemove) Help() string {
	return `Examples:
  modicum keys remove claims-robot NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs` + fresh
}

// Run ends a key.
func (c *keysRemove) Run(t *terminal) error {
	api, err := c.open(t)
	if err != nil {
		return err
	}
	if err := t.confirm(c.Yes, "End this key, and what it signed in?"); err != nil {
		return err
	}
	if err := api.TakeKey(t.ctx, c.Program, c.Key); err != nil {
		return over(err)
	}
	return c.say(t, map[string]string{"program": c.Program, "removed": c.Key}, "Ended.")
}
