package api_test

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"modicum/catalog"
	"modicum/internal/people"
	"modicum/policy"
)

func (k *clinic) archived(hash string) (*policy.Set, error) {
	if s := k.archive[hash]; s != nil {
		return s, nil
	}
	return nil, errors.New("not in the archive")
}

// lay puts the sample policy with one edit of a file into the folder, and returns the id
// of what waits by it.
func (k *clinic) lay(file, old, now string) string {
	k.t.Helper()
	tree := fstest.MapFS{}
	sample := os.DirFS("../../policy-sample")
	err := fs.WalkDir(sample, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(sample, name)
		if name == file {
			if !strings.Contains(string(text), old) {
				return errors.New("there is nothing to edit in " + file)
			}
			text = []byte(strings.Replace(string(text), old, now, 1))
		}
		tree[name] = &fstest.MapFile{Data: text}
		return err
	})
	if err != nil {
		k.t.Fatal(err)
	}
	set, probs := policy.Load(tree, catalog.R4())
	if set == nil {
		k.t.Fatal(probs.Errors())
	}
	k.folder, k.archive[set.Hash()] = set, set
	if err := k.changes.Look(k.t.Context(), set); err != nil {
		k.t.Fatal(err)
	}
	for _, x := range k.changes.Waiting() {
		if x.Policy == set.Hash() {
			return x.ID
		}
	}
	k.t.Fatal("nothing waits")
	return ""
}

// layMore lays a policy that opens something to nurses.
func (k *clinic) layMore() string { return k.lay("organization.yaml", "8 hours", "9 hours") }

// duties gives iris the duty to write the policy, cara that to put it in force.
func (k *clinic) duties() {
	k.t.Helper()
	for who, duty := range map[string]people.Duty{"iris": people.WritePolicy, "cara": people.AgreePolicy} {
		k.must(k.people.Give(k.t.Context(), people.Actor{ID: "olga"}, people.Gift{Person: who, Kind: people.DutyKind, Name: string(duty), Why: "policy"}))
		k.must(k.people.Agree(k.t.Context(), people.Actor{ID: "rita"}, people.Which{Person: who, Kind: people.DutyKind, Name: string(duty)}))
	}
}

func (k *clinic) must(err error) {
	k.t.Helper()
	if err != nil {
		k.t.Fatal(err)
	}
}

// does asks as somebody, and demands a status.
func (k *clinic) does(as string, want int, method, path, body string) map[string]any {
	k.t.Helper()
	status, v := k.call(as, method, path, body)
	if status != want {
		k.t.Fatalf("%s: %s %s: %d, want %d: %v", as, method, path, status, want, v)
	}
	return v
}

// effect reads a change whole, and returns what it does.
func (k *clinic) effect(as, id string) map[string]any {
	k.t.Helper()
	return k.does(as, http.StatusOK, "GET", "/policy-changes/"+id, "")["effect"].(map[string]any)
}

func TestG7_APolicyComesInForceByTwoPersonsAtTheAPI(t *testing.T) {
	k := newClinic(t)
	k.duties()
	first, id := k.force, k.layMore()
	list := k.does("iris", 200, "GET", "/policy-changes", "")["items"].([]any)
	if len(list) != 1 || list[0].(map[string]any)["state"] != "found" || list[0].(map[string]any)["effect"] != nil {
		t.Fatalf("what waits: %v", list)
	}
	e := k.effect("iris", id)
	if e["opens"].(float64) == 0 || len(e["changes"].([]any)) == 0 || !strings.Contains(fmt.Sprint(e["changes"]), "9 hours") {
		t.Fatalf("what it does: %v", e)
	}
	propose := func(as string, want int) map[string]any {
		t.Helper()
		return k.does(as, want, "POST", "/policy-changes/"+id+"/propose", fmt.Sprintf(`{"digest":%q,"reason":"the night shift is short"}`, e["digest"]))
	}
	propose("cara", http.StatusForbidden) // she may say yes, and not propose
	propose("iris", http.StatusNoContent)
	if k.force != first {
		t.Fatal("a proposal is in force")
	}
	e = k.effect("cara", id)
	if e["lacks"] == nil || fmt.Sprint(e["approvers"]) != "[cara]" || e["may_not"] != nil {
		t.Errorf("before the yes: %v", e)
	}
	yes := fmt.Sprintf(`{"digest":%q}`, e["digest"])
	k.does("iris", http.StatusUnprocessableEntity, "POST", "/policy-changes/"+id+"/approve", yes) // her own
	if v := k.does("cara", http.StatusUnprocessableEntity, "POST", "/policy-changes/"+id+"/approve", `{"digest":"x"}`); !strings.Contains(fmt.Sprint(v["wrong"]), "changed") {
		t.Errorf("a yes to something else: %v", v)
	}
	if v := k.does("cara", http.StatusOK, "POST", "/policy-changes/"+id+"/approve", yes); v["in_force"] != true || k.force == first {
		t.Fatalf("approved: %v", v)
	}
	whole := k.does("cara", 200, "GET", "/policy-changes/"+id, "")
	if whole["state"] != "in-force" || whole["current"] != true || whole["proposer"] != "iris" || !strings.Contains(fmt.Sprint(whole["answers"]), "cara") {
		t.Errorf("afterwards: %v", whole)
	}
}

// TestG7_WhoGovernsReadsChangesAndNobodyElse: to others and to programs there is nothing.
func TestG7_WhoGovernsReadsChangesAndNobodyElse(t *testing.T) {
	k := newClinic(t)
	k.duties()
	id := k.layMore()
	for _, path := range []string{"/policy-changes", "/policy-changes?state=decided", "/policy-changes/" + id, "/policy-changes/no-such"} {
		for _, who := range []string{"nina", "robot"} {
			k.does(who, http.StatusForbidden, "GET", path, "")
		}
	}
	for path, body := range map[string]string{"propose": `{"digest":"x","reason":"mine"}`, "approve": `{"digest":"x"}`, "refuse": `{"word":"no"}`, "withdraw": "", "again": `{"reason":"back"}`} {
		for _, who := range []string{"nina", "robot"} {
			k.does(who, http.StatusForbidden, "POST", "/policy-changes/"+id+"/"+path, body)
		}
	}
	k.does("cara", http.StatusNotFound, "GET", "/policy-changes/no-such", "")
}

func TestG7_AYesAtTheAPINeedsAFreshProof(t *testing.T) {
	k := newClinic(t)
	k.duties()
	id := k.layMore()
	k.does("iris", http.StatusNoContent, "POST", "/policy-changes/"+id+"/propose", fmt.Sprintf(`{"digest":%q,"reason":"short of staff"}`, k.effect("iris", id)["digest"]))
	first, yes := k.force, fmt.Sprintf(`{"digest":%q}`, k.effect("cara", id)["digest"])
	k.proved = 6 * time.Minute
	for path, body := range map[string]string{"propose": `{"digest":"x","reason":"mine"}`, "approve": yes, "refuse": `{"word":"no"}`, "withdraw": "", "again": `{"reason":"back"}`} {
		if v := k.does("cara", http.StatusUnauthorized, "POST", "/policy-changes/"+id+"/"+path, body); v["type"] != "urn:modicum:problem:prove-again" || k.force != first {
			t.Errorf("%s: %v", path, v)
		}
	}
}

// TestG7_ANoIsSeenWhenTheSameIsProposedAgain: a refused policy comes back by somebody's
// word alone, and whoever is asked then reads why it was refused.
func TestG7_ANoIsSeenWhenTheSameIsProposedAgain(t *testing.T) {
	k := newClinic(t)
	k.duties()
	id := k.layMore()
	k.does("iris", http.StatusNoContent, "POST", "/policy-changes/"+id+"/propose", fmt.Sprintf(`{"digest":%q,"reason":"short of staff"}`, k.effect("iris", id)["digest"]))
	k.does("cara", http.StatusUnprocessableEntity, "POST", "/policy-changes/"+id+"/refuse", `{"word":" "}`)
	k.does("cara", http.StatusNoContent, "POST", "/policy-changes/"+id+"/refuse", `{"word":"not before the audit"}`)
	k.does("cara", http.StatusForbidden, "POST", "/policy-changes/"+id+"/again", `{"reason":"back"}`)
	again := k.does("iris", http.StatusCreated, "POST", "/policy-changes/"+id+"/again", `{"reason":"the audit is over"}`)
	e := k.effect("cara", again["id"].(string))
	before, _ := e["before"].([]any)
	if again["state"] != "proposed" || again["proposer"] != "iris" || len(before) != 1 || before[0].(map[string]any)["word"] != "not before the audit" {
		t.Fatalf("proposed again: %v, decided before: %v", again, before)
	}
	k.does("cara", http.StatusForbidden, "POST", "/policy-changes/"+again["id"].(string)+"/withdraw", "")
	k.does("iris", http.StatusNoContent, "POST", "/policy-changes/"+again["id"].(string)+"/withdraw", "")
	decided := k.does("iris", 200, "GET", "/policy-changes?state=decided&limit=1", "")
	if next, _ := decided["next"].(string); len(decided["items"].([]any)) != 1 || next == "" {
		t.Fatalf("a page: %v", decided)
	}
	rest := k.does("iris", 200, "GET", "/policy-changes?state=decided&before="+decided["next"].(string), "")
	if got := fmt.Sprint(rest["items"]); !strings.Contains(got, id) || !strings.Contains(got, "first:") && !strings.Contains(got, "from:first") {
		t.Errorf("the rest: %v", got)
	}
}
