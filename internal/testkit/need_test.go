//go:build unix

package testkit_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"modicum/internal/testkit"
)

// verdict is a testing.TB that only notes how the test would have ended.
type verdict struct {
	testing.TB
	failed, skipped string
}

func (v *verdict) Helper()                      {}
func (v *verdict) Fatalf(f string, args ...any) { v.failed = fmt.Sprintf(f, args...); runtime.Goexit() }
func (v *verdict) Skipf(f string, args ...any)  { v.skipped = fmt.Sprintf(f, args...); runtime.Goexit() }

func need(t *testing.T, part testkit.Part) *verdict {
	v := &verdict{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		testkit.Need(v, part)
	}()
	<-done
	return v
}

func TestAMissingPartFailsWhereRealPartsAreRequired(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: Need starts and looks for nothing")
	}
	t.Setenv("XDG_CACHE_HOME", t.TempDir()) // nothing is installed there
	for _, tt := range []struct {
		name, ci, require string
		fails             bool
	}{
		{"CI", "true", "", true},
		{"required by hand", "", "1", true},
		{"somebody's machine", "", "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("CI", tt.ci)
			t.Setenv("MODICUM_REQUIRE_REAL", tt.require)
			v := need(t, testkit.Python)
			if got := v.failed != ""; got != tt.fails {
				t.Errorf("fails: %v, want %v", got, tt.fails)
			}
			if !tt.fails && !strings.HasPrefix(v.skipped, "SKIPPED: python: ") {
				t.Errorf("skipped with %q, which make test would not count", v.skipped)
			}
			if said := v.failed + v.skipped; !strings.Contains(said, "make setup") {
				t.Errorf("%q does not say what to do", said)
			}
		})
	}
}

func TestAPartThatIsOutOfDateIsMissing(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: Need starts and looks for nothing")
	}
	cache := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache)
	t.Setenv("CI", "true")
	if err := os.MkdirAll(cache+"/modicum/python", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(cache+"/modicum/python/stamp", []byte("of another version\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if v := need(t, testkit.Python); !strings.Contains(v.failed, "out of date") {
		t.Errorf("said %q", v.failed)
	}
}

// TestAPartDiesWithItsTestBinary runs this test binary again, as a parent that is killed.
func TestAPartDiesWithItsTestBinary(t *testing.T) {
	if os.Getenv("MODICUM_TEST_PARENT") == "1" {
		issuer := testkit.OIDC(t, testkit.OIDCOptions{})
		fmt.Println("CHILD", issuer.PID())
		select {}
	}
	if runtime.GOOS != "linux" {
		t.Skip("only Linux kills a child with its parent")
	}
	testkit.Need(t, testkit.Node)
	parent := exec.Command(os.Args[0], "-test.run=^TestAPartDiesWithItsTestBinary$")
	parent.Env = append(os.Environ(), "MODICUM_TEST_PARENT=1")
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	var pid int
	for lines := bufio.NewScanner(out); pid == 0 && lines.Scan(); {
		_, _ = fmt.Sscanf(lines.Text(), "CHILD %d", &pid)
	}
	_ = parent.Process.Kill()
	_ = parent.Wait()
	if pid == 0 {
		t.Fatal("the parent started no child")
	}
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if gone(pid) {
			return
		}
	}
	t.Errorf("process %d outlived its test binary", pid)
}

// gone says whether a process has ended, waited for or not.
func gone(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return true
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || strings.Contains(string(stat), ") Z ")
}
