package serve

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing/fstest"

	"modicum/catalog"
	"modicum/internal/durable"
	"modicum/internal/gate"
	"modicum/policy"
)

// policies is the folder of archived policies.
func (s *Server) policies() string { return filepath.Join(s.opts.Config.Data, "policies") }

// archive keeps the policy's files under data/policies/HASH.json, so that a decision made
// under it can be derived again (explain), and a start takes it up again. What is recorded
// of it afterwards outlives a loss of power, and so does this.
func (s *Server) archive(set *policy.Set) error {
	dir := s.policies()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	path := filepath.Join(dir, set.Hash()+".json")
	if _, err := os.Stat(path); err == nil {
		return durable.Folder(dir) // whoever put it there may have failed to
	}
	sources := set.Folder().Sources
	files := make(map[string]string, len(sources))
	for name, b := range sources {
		files[name] = string(b)
	}
	text, err := json.MarshalIndent(files, "", " ")
	if err != nil {
		return err
	}
	return errors.Join(durable.Replace(path, text, 0o600), durable.Folder(filepath.Dir(dir)))
}

// archived is a policy of the archive.
func (s *Server) archived(hash string) (*policy.Set, error) { return Archived(s.policies(), hash) }

// Archived compiles a policy of a folder of archives, and holds it against its name: what
// lies there under another hash is not what anybody agreed on, and decided nothing. It is
// fs.ErrNotExist where there is none.
func Archived(dir, hash string) (*policy.Set, error) {
	text, err := os.ReadFile(filepath.Join(dir, filepath.Base(hash)+".json"))
	if err != nil {
		return nil, fmt.Errorf("the policy of that decision is not in the archive: %w", err)
	}
	var files map[string]string
	if err := json.Unmarshal(text, &files); err != nil {
		return nil, fmt.Errorf("archived policy: %w", err)
	}
	folder := make(fstest.MapFS, len(files))
	for name, b := range files {
		folder[name] = &fstest.MapFile{Data: []byte(b)}
	}
	set, probs := policy.Load(folder, catalog.R4())
	if set == nil {
		return nil, errors.Join(probs.Errors().Err(), errors.New("an archived policy does not compile with this version"))
	}
	if set.Hash() != hash {
		return nil, fmt.Errorf("the archive holds another policy under the name %s: restore it from a backup: %w", hash, gate.ErrOtherGeneration)
	}
	return set, nil
}
