package doc

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// kindOf is one kind of policy file.
type kindOf struct {
	what  string // for messages
	shape *shape
	named string // the key whose value names the file; "" when its place is fixed or it may be called anything
	bind  func(f *Folder, n *node)
}

// fixed are the files of the folder itself.
var fixed = map[string]*kindOf{
	"organization.yaml": {"the organization", shapeOrganization, "", func(f *Folder, n *node) { f.Organization = organizationOf(n) }},
	"conditions.yaml":   {"the conditions", shapeConditions, "", func(f *Folder, n *node) { f.Conditions = conditionsOf(n) }},
	"restrictions.yaml": {"the restrictions", shapeRestrictions, "", func(f *Folder, n *node) { f.Restrictions = restrictionsOf(n) }},
}

// folders are its folders, and what each of their files holds.
var folders = map[string]*kindOf{
	"roles":       {"a role", shapeRole, "role", func(f *Folder, n *node) { f.Roles = append(f.Roles, roleOf(n)) }},
	"disclosures": {"a disclosure", shapeDisclosure, "disclosure", func(f *Folder, n *node) { f.Disclosures = append(f.Disclosures, disclosureOf(n)) }},
	"partners":    {"a partner", shapePartner, "partner", func(f *Folder, n *node) { f.Partners = append(f.Partners, partnerOf(n)) }},
	"catalog": {"a catalog", shapeCatalog, "database", func(f *Folder, n *node) {
		e, d := catalogOf(n)
		f.Extensions, f.Databases = append(f.Extensions, e...), append(f.Databases, d...)
	}},
	"tests": {"tests", shapeTests, "", func(f *Folder, n *node) { f.Tests = append(f.Tests, testsOf(n)) }},
}

// kindFor returns what a file of this name holds, or nil.
func kindFor(name string) *kindOf {
	if k := fixed[name]; k != nil {
		return k
	}
	dir, file := path.Split(name)
	if !strings.HasSuffix(file, ".yaml") {
		return nil
	}
	return folders[strings.TrimSuffix(dir, "/")]
}

// Load reads a policy folder, all of it, and reports everything wrong with how
// it is written, sorted by place. The Folder holds whatever could be read, also
// when there are problems; what it means is for Check. Entries whose names begin
// with a dot belong to version control and are not read.
func Load(fsys fs.FS) (*Folder, Problems) {
	var l list
	f := &Folder{Sources: map[string][]byte{}}
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			l.add(At{File: name}, codeReading, "this cannot be read: "+pathless(err), "")
			return nil
		}
		return f.visit(fsys, name, d, &l)
	})
	if err != nil {
		l.add(At{File: "."}, codeReading, "the folder cannot be read: "+pathless(err), "")
	}
	if _, ok := f.Sources["organization.yaml"]; !ok {
		l.add(At{File: "organization.yaml"}, codeReading, "a policy folder needs organization.yaml", "begin with its purposes and positions")
	}
	f.finish()
	return f, l.all.Sort()
}

// pathless is an error without the path it may hold, which is one of this machine.
func pathless(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}

// visit reads one entry of the folder.
func (f *Folder) visit(fsys fs.FS, name string, d fs.DirEntry, l *list) error {
	switch {
	case name == ".":
		return nil
	case strings.HasPrefix(d.Name(), "."):
		if d.IsDir() {
			return fs.SkipDir
		}
		return nil
	case d.IsDir():
		if folders[name] == nil {
			l.add(At{File: name}, codeFile, "a folder that no policy has", didYouMean(name, sorted(folders)))
			return fs.SkipDir
		}
		return nil
	}
	k := kindFor(name)
	if k == nil {
		reportFile(name, l)
		return nil
	}
	src, err := readFile(fsys, name)
	if err != nil {
		l.add(At{File: name}, codeReading, "this cannot be read: "+pathless(err), "")
		return nil
	}
	f.Sources[name] = src
	if n := k.read(name, src, l); n != nil {
		k.bind(f, n)
	}
	return nil
}

// reportFile says why a file is not read.
func reportFile(name string, l *list) {
	at := At{File: name}
	switch ext := path.Ext(name); {
	case ext == ".yaml" && path.Dir(name) == ".":
		l.add(at, codeFile, "a file that no policy has", didYouMean(name, sorted(fixed)))
	case ext == ".yaml":
		l.add(at, codeFile, "a file in the wrong folder", "policy files lie in "+listed(sorted(folders)))
	case ext == ".yml":
		l.add(at, codeFile, "only files named .yaml are read", "call it "+strings.TrimSuffix(name, ext)+".yaml")
	default:
		l.warn(at, codeFile, "only files named .yaml are read; this one is not", "keep other files elsewhere")
	}
}

// readFile reads at most one byte more than a policy file may have, so that a
// file too large is found without holding it.
func readFile(fsys fs.FS, name string) ([]byte, error) {
	r, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	src, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	return src, errors.Join(err, r.Close())
}

// read parses a file and checks its shape. It returns nil when nothing of the
// file can be used.
func (k *kindOf) read(name string, src []byte, l *list) *node {
	n, _ := parseTree(name, src, l)
	if n == nil {
		return nil
	}
	k.shape.check(n, k.what, l)
	k.checkName(name, n, l)
	return n
}

// checkName holds a file to being named after what it holds.
func (k *kindOf) checkName(name string, n *node, l *list) {
	base := strings.TrimSuffix(path.Base(name), ".yaml")
	if fixed[name] != nil {
		return
	}
	if message, hint := gName.fault(base); message != "" {
		l.add(At{File: name, Line: 1, Col: 1}, codeFileName, "the file's name: "+message, hint)
		return
	}
	if w := n.word(k.named); k.named != "" && w.Text != "" && w.Text != base {
		l.add(w.At, codeFileName, fmt.Sprintf("%s is in a file named %s", quoted(w.Text), path.Base(name)),
			fmt.Sprintf("call the file %s.yaml, or write %s: %s", w.Text, k.named, base))
	}
}

// Parse reads one file of a policy, for editors: name says what it holds, such
// as roles/nurse.yaml. The Folder holds that file alone.
func Parse(name string, src []byte) (*Folder, Problems) {
	var l list
	f := &Folder{Sources: map[string][]byte{name: src}}
	if k := kindFor(name); k == nil {
		reportFile(name, &l)
	} else if n := k.read(name, src, &l); n != nil {
		k.bind(f, n)
	}
	f.finish()
	return f, l.all.Sort()
}

// finish sorts what was read and replaces codes of purposes by their names.
func (f *Folder) finish() {
	slices.SortStableFunc(f.Roles, func(a, b Role) int { return cmp.Compare(a.Name.Text, b.Name.Text) })
	slices.SortStableFunc(f.Disclosures, func(a, b Disclosure) int { return cmp.Compare(a.Name.Text, b.Name.Text) })
	slices.SortStableFunc(f.Partners, func(a, b Partner) int { return cmp.Compare(a.Name.Text, b.Name.Text) })
	for i := range f.Roles {
		for j := range f.Roles[i].Tasks {
			f.namePurpose(&f.Roles[i].Tasks[j].Purpose)
		}
	}
	for i := range f.Disclosures {
		f.namePurpose(&f.Disclosures[i].Purpose)
	}
	for i := range f.Restrictions {
		f.namePurposes(f.Restrictions[i].Purposes)
	}
	for i := range f.Partners {
		f.namePurposes(f.Partners[i].Purposes)
	}
}

func (f *Folder) namePurposes(words Words) {
	for i := range words {
		f.namePurpose(&words[i])
	}
}

func (f *Folder) namePurpose(w *Word) {
	if name, ok := f.Organization.PurposeOf(w.Text); ok {
		w.Text = name
	}
}

// PurposeOf returns the purpose that has this name or accepts this code.
func (o *Organization) PurposeOf(nameOrCode string) (name string, ok bool) {
	for _, p := range o.Purposes {
		if p.Name.Text == nameOrCode {
			return p.Name.Text, true
		}
	}
	for _, p := range o.Purposes {
		for _, code := range p.Codes {
			if code.Text == nameOrCode {
				return p.Name.Text, true
			}
		}
	}
	return "", false
}
