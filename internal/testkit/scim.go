package testkit

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestSCIM runs the public SCIM tester (scim2-cli) against a server and returns what it says, whether it found
// nothing, and how many checks it made. It creates and deletes users and groups.
func TestSCIM(tb testing.TB, base, token string) (said string, ok bool, checks int) {
	tb.Helper()
	Need(tb, SCIM)
	cmd := exec.CommandContext(tb.Context(), filepath.Join(cacheDir(), "scim", "venv", "bin", "scim2"), "-u", base, "test", "--verbose")
	cmd.Env = append(os.Environ(), "SCIM_CLI_HEADERS=Authorization: Bearer "+token, "NO_COLOR=1")
	out, err := cmd.CombinedOutput()
	said = string(out)
	return said, err == nil, strings.Count(said, "SUCCESS ")
}
