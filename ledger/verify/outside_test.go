package verify_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"modicum/internal/testkit"
	"modicum/ledger"
	"modicum/ledger/ledgertest"
)

// outsideVerifier installs a verifier that others wrote.
func outsideVerifier(t *testing.T) string {
	t.Helper()
	script := filepath.Join("..", "..", "tools", "fsck.sh")
	var errs bytes.Buffer
	cmd := exec.Command("sh", script)
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil && testkit.Required() {
		t.Fatalf("%s could not install the outside verifier: %v: %s", script, err, errs.String())
	}
	if err != nil {
		t.Skipf("SKIPPED: %s could not install the outside verifier: %v: %s", script, err, errs.String())
	}
	return strings.TrimSpace(string(out))
}

// TestL3_OutsideVerifierAgrees: a verifier that we did not write finds our
// folder, and our HTTP handler, right, and a damaged copy wrong.
func TestL3_OutsideVerifierAgrees(t *testing.T) {
	bin := outsideVerifier(t)
	l := filled(t, ledgertest.Mixed(700))
	dir := t.TempDir()
	p, err := ledger.NewPublisher(context.Background(), ledger.PublisherConfig{Folder: dir, Source: l, Keys: []string{l.Key().Public()}})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close(context.Background())
	srv := httptest.NewServer(p.Handler())
	defer srv.Close()
	key := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(key, []byte(l.Key().Public()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	says := func(url string) (bool, string) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		// Its exit status is 0 either way and it can hang on a bad log, so only
		// the success line counts, and a time-out is a no.
		out, _ := exec.CommandContext(ctx, bin, "-ui=false", "-N=64", "-public_key="+key, "-storage_url="+url).CombinedOutput()
		return strings.Contains(string(out), fmt.Sprintf("Successfully fsck'd log with size %d ", 700)), string(out)
	}
	for name, url := range map[string]string{"folder": "file://" + dir + "/", "http": srv.URL + "/"} {
		if ok, out := says(url); !ok {
			t.Errorf("%s: the outside verifier says no:\n%s", name, out)
		}
	}
	for _, path := range []string{"checkpoint", "tile/0/000", "tile/1/000.p/2", "tile/entries/001", "tile/entries/002.p/188"} {
		bad := t.TempDir()
		if err := os.CopyFS(bad, os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(bad, filepath.FromSlash(path))
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		b[len(b)/2] ^= 4
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if ok, _ := says("file://" + bad + "/"); ok {
			t.Errorf("%s damaged: the outside verifier says yes", path)
		}
		if r := check(t, load(t, bad), l, nil); r.OK {
			t.Errorf("%s damaged: ours says yes", path)
		}
	}
}
