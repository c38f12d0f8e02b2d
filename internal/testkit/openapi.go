package testkit

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
)

// Schemathesis asks a server what its OpenAPI description allows and forbids, examples times each, as whoever the
// token is, and returns what it found; ok when that is nothing. It changes whatever it can.
func Schemathesis(tb testing.TB, description, token string, examples int, args ...string) (said string, ok bool) {
	tb.Helper()
	Need(tb, OpenAPI)
	all := append([]string{
		"run", description, "-H", "Authorization: Bearer " + token, "--checks", "all", "--max-examples", strconv.Itoa(examples),
		"--generation-deterministic", "--no-color", "--workers", "1",
	}, args...)
	cmd := exec.CommandContext(tb.Context(), filepath.Join(cacheDir(), "openapi", "venv", "bin", "schemathesis"), all...)
	cmd.Dir = tb.TempDir() // it leaves files behind
	// What the description cannot say, such as that a task exists, is refused with 422.
	const accepts = "[checks.positive_data_acceptance]\nexpected-statuses = [\"2xx\", \"401\", \"403\", \"404\", \"409\", \"422\"]\n"
	if err := os.WriteFile(filepath.Join(cmd.Dir, "schemathesis.toml"), []byte(accepts), 0o600); err != nil {
		tb.Fatal(err)
	}
	cmd.Env = append(os.Environ(), "NO_COLOR=1")
	out, err := cmd.CombinedOutput()
	return string(out), err == nil
}
