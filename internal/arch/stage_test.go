package arch

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestTheDemoAloneLetsPeopleInWithoutAProof: no other package makes what opens that way,
// and no configuration names it.
func TestTheDemoAloneLetsPeopleInWithoutAProof(t *testing.T) {
	makers := 0
	for _, name := range goFiles(t) {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		made := strings.Contains(string(text), "serve.Stage{") || strings.Contains(string(text), "signin.Config{") && strings.Contains(string(text), "Stage:")
		switch {
		case !made:
		case strings.HasPrefix(name, "internal/demo/"):
			makers++
		case name == "internal/serve/console.go": // hands it on
		default:
			t.Errorf("%s opens the demo's way in", name)
		}
	}
	if makers == 0 {
		t.Error("the demo opens no way in: the reading of the tree is broken")
	}
}
