package serve_test

import (
	"errors"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"modicum/internal/testkit"
)

// TestL1_AFullDiskStopsAllButBrokenGlasses: a real file system without room. Reads go on
// while their entries find a place that was set aside, then stop; a broken glass goes on;
// with room again everything that was answered is on record, without a new start.
func TestL1_AFullDiskStopsAllButBrokenGlasses(t *testing.T) {
	disk := testkit.SmallDisk(t, "48m")
	s := lendingSite(t)
	s.stop()
	data := filepath.Join(disk.Dir, "data")
	if err := errors.Join(os.CopyFS(data, os.DirFS(s.config.Data)), private(data)); err != nil {
		t.Fatal(err)
	}
	s.config.Data = data
	s.start()
	disk.Fill(t)
	var answered []string
	for {
		status, id, body := s.get("alice", "/fhir/Patient/p1")
		if status == http.StatusServiceUnavailable {
			break
		}
		if status != http.StatusOK || len(answered) > 20_000 {
			t.Fatalf("after %d answers: %d %s", len(answered), status, body)
		}
		answered = append(answered, id)
	}
	status, first, body := s.get("zoe", "/fhir/Patient/p1", "Modicum-Purpose", "ETREAT", "Modicum-Reason", url.PathEscape("collapsed in the lobby"))
	if status != http.StatusOK || !strings.Contains(body, `"Patient"`) {
		t.Fatalf("with the glass broken: %d %s", status, body)
	}
	status, second, _ := s.get("zoe", "/fhir/Patient/p1", "Modicum-Task", "chart")
	if status != http.StatusOK {
		t.Errorf("the next request: %d", status)
	}
	if status, _, _ := s.get("zoe", "/fhir/Patient/p2", "Modicum-Task", "chart"); status == http.StatusOK {
		t.Error("another patient opens without a record")
	}
	s.server.Gate().Wait()
	if status, r := s.ready(); status != http.StatusOK || r.State != "emergency" {
		t.Errorf("health: %d %+v", status, r)
	}
	disk.Free(t)
	s.again(func() bool {
		status, id, _ := s.get("alice", "/fhir/Patient/p1")
		if status == http.StatusOK {
			answered = append(answered, id)
		}
		return status == http.StatusOK
	}, "reads go on once there is room")
	s.again(func() bool { return s.server.Drain(t.Context()) == nil }, "the spool reaches the record")
	s.reached(t, first, second)
	for _, id := range answered {
		if recs, err := s.server.Store().ByID(t.Context(), id); err != nil || len(recs) == 0 {
			t.Fatalf("of %d answers one is not on record: %v", len(answered), err)
		}
	}
	t.Logf("%d answers before the disk was full", len(answered))
	folder := s.server.Store().Folder()
	s.stop()
	s.verifies(folder)
}

// again tries until it is so: other goroutines mend it in their own time.
func (s *site) again(so func() bool, what string) {
	s.t.Helper()
	end, tick := time.After(time.Minute), time.NewTicker(50*time.Millisecond)
	defer tick.Stop()
	for !so() {
		select {
		case <-tick.C:
		case <-end:
			_, r := s.ready()
			s.t.Fatalf("not within a minute: %s; %+v", what, r)
		}
	}
}

// private gives files that were copied back the modes that their secrets need.
func private(dir string) error {
	return filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.Chmod(path, 0o700)
		}
		return os.Chmod(path, 0o600)
	})
}
