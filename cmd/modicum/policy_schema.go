package main

import "modicum/policy/doc"

type policySchema struct{}

// Help teaches by example.
func (c *policySchema) Help() string {
	return `Examples:
  modicum policy schema > policy.schema.json
In an editor that speaks the YAML language server, begin a file with:
  # yaml-language-server: $schema=../policy.schema.json`
}

// Run prints the schema.
func (c *policySchema) Run(t *terminal) error {
	_, err := t.out.Write(doc.Schema())
	return err
}
