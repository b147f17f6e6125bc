package main

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "shouwen/"

// mayImport are the edges between our packages: imports point down, never
// sideways and never up. A new package needs a row.
var mayImport = map[string][]string{
	"cases":                 {},
	"cases/console":         {"cases", "cases/store", "cases/profile", "ivr/acd", "metrics"},
	"cases/deadline":        {"cases", "cases/poll", "metrics"},
	"cases/journal":         {"cases", "metrics"},
	"cases/outbox":          {"cases", "cases/poll", "metrics"},
	"cases/poll":            {},
	"cases/profile":         {"cases"},
	"cases/store":           {"cases"},
	"cases/store/embedded":  {},
	"cases/store/storetest": {"cases/store", "cases/store/embedded"},
	"cmd/shouwen":           {"cases", "cases/console", "cases/deadline", "cases/journal", "cases/outbox", "cases/poll", "cases/store", "cases/store/embedded", "cases/profile", "ivr", "ivr/acd", "ivr/call", "ivr/prompts", "metrics", "sip", "sip/media", "sip/siptest"},
	"cmd/shouwen-load":      {"cmd/shouwen-load/day", "sip/media", "sip/siptest"},
	"cmd/shouwen-load/day":  {"sip/siptest"},
	"deploy":                {},
	"deploy/grafana":        {},
	"ivr":                   {"ivr/prompts"},
	"ivr/acd":               {"metrics"},
	"ivr/call":              {"cases", "cases/journal", "cases/store", "ivr", "ivr/acd", "ivr/prompts", "metrics", "sip", "sip/media"},
	"ivr/prompts":           {},
	"metrics":               {},
	"sip":                   {"metrics", "sip/media"},
	"sip/media":             {},
	"sip/siptest":           {"sip/media"},
}

// testsMayImport are further edges of test files; anybody's tests may use a real
// PostgreSQL and a phone.
var testsMayImport = map[string][]string{
	"cases":        {"cases/profile"},
	"cases/outbox": {"cases/profile", "cases/store"},
	"cases/store":  {"cases/deadline", "cases/journal", "cases/outbox", "cases/profile", "cases/store/embedded", "metrics"},
	"deploy":       {"ivr/call", "metrics"},
}

var forTests = []string{"cases/store/storetest", "sip/siptest"}

// fences say where modules of others may be imported: packages, or one file.
var fences = map[string][]string{
	"github.com/emiago/sipgo":         {"sip"},
	"github.com/pion/sdp":             {"sip"},
	"github.com/pion/srtp":            {"sip/media", "sip/siptest"}, // a judge of its own, in tests
	"github.com/pion/":                {"sip/media"},
	"github.com/nyaruka/phonenumbers": {"sip/identity.go"},
	"github.com/jackc/":               {"cases/store", "cases/store/storetest"},
	"github.com/prometheus/":          {"metrics"},
	"github.com/danielgtaylor/huma":   {"cases/console"},
	"golang.org/x/crypto":             {"cases/console"},
	"github.com/xuri/excelize":        {"cases/console"},
	"github.com/alecthomas/kong":      {"cmd/shouwen", "cmd/shouwen-load"},
	"github.com/goccy/go-yaml":        {"cmd/shouwen", "ivr", "cases/profile", "deploy"},
	"github.com/icholy/digest":        {"sip", "sip/siptest"}, // an independent judge, in tests
	"database/sql":                    nil,

	"github.com/prometheus/prometheus": {"deploy"},                     // the parser of PromQL, in tests
	"github.com/prometheus/common":     {"cmd/shouwen/scrape_test.go"}, // reads what is scraped
}

// callsOut are the files that may call the outside: where sip does it, and where the
// policy is asked before. Every such call costs somebody money.
var callsOut = []string{"sip/leg_out.go", "ivr/call/place.go"}

// TestOnlyOnePlaceCallsOut: nobody gets round the policy.
func TestOnlyOnePlaceCallsOut(t *testing.T) {
	t.Parallel()
	found := map[string]bool{}
	for _, f := range sources(t) {
		b, err := os.ReadFile(filepath.Join("..", "..", f.name))
		if err != nil {
			t.Fatal(err)
		}
		if f.test || !bytes.Contains(b, []byte("DialOut(")) {
			continue
		}
		found[f.name] = true
		if !slices.Contains(callsOut, f.name) {
			t.Errorf("%s calls the outside; let call.Outbound.Place do it", f.name)
		}
	}
	if len(found) != len(callsOut) {
		t.Errorf("calls to the outside are in %v, want %v", found, callsOut)
	}
}

// goFile is a Go file of this module.
type goFile struct {
	name    string // from the root
	test    bool
	imports []string
	doc     bool // has a package comment
}

func (f goFile) pkg() string { return path.Dir(f.name) }

// TestImports checks every import of this module against the tables.
func TestImports(t *testing.T) {
	t.Parallel()
	documented := map[string]bool{}
	for _, f := range sources(t) {
		if _, ok := mayImport[f.pkg()]; !ok {
			t.Errorf("%s: package %s has no row in mayImport", f.name, f.pkg())
			continue
		}
		if !f.test {
			documented[f.pkg()] = documented[f.pkg()] || f.doc
		}
		for _, i := range f.imports {
			if own, ok := strings.CutPrefix(i, module); ok {
				if !edgeAllowed(f, own) {
					t.Errorf("%s: %s may not import %s", f.name, f.pkg(), own)
				}
			} else if where, fenced := fenceOf(i); fenced && !inside(f, where) {
				t.Errorf("%s: %s is only for %v", f.name, i, where)
			} else if i == "testing" && !f.test && !slices.Contains(forTests, f.pkg()) {
				t.Errorf("%s: %s is only for tests", f.name, i)
			}
		}
	}
	for pkg := range mayImport {
		if !documented[pkg] {
			t.Errorf("package %s does not exist or has no package comment", pkg)
		}
	}
}

func edgeAllowed(f goFile, own string) bool {
	switch {
	case slices.Contains(mayImport[f.pkg()], own):
		return true
	case !f.test:
		return false
	}
	return own == f.pkg() || slices.Contains(testsMayImport[f.pkg()], own) || slices.Contains(forTests, own)
}

// fenceOf returns the narrowest fence around an import path.
func fenceOf(imported string) (where []string, fenced bool) {
	longest := ""
	for prefix, w := range fences {
		whole := imported == prefix || strings.HasPrefix(imported, strings.TrimSuffix(prefix, "/")+"/")
		if whole && len(prefix) > len(longest) {
			longest, where = prefix, w
		}
	}
	return where, longest != ""
}

func inside(f goFile, where []string) bool {
	return slices.Contains(where, f.pkg()) || slices.Contains(where, f.name)
}

// sources reads the imports of every Go file below the module's root.
func sources(t *testing.T) (all []goFile) {
	t.Helper()
	root := os.DirFS(filepath.Join("..", ".."))
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (name != "." && strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "node_modules"):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(name, ".go"):
			return nil
		}
		b, err := fs.ReadFile(root, name)
		if err != nil || bytes.Contains(b, []byte("//go:build ignore")) {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, b, parser.ImportsOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		all = append(all, goFile{name, strings.HasSuffix(name, "_test.go"), importsOf(f), f.Doc != nil})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func importsOf(f *ast.File) (all []string) {
	for _, i := range f.Imports {
		p, _ := strconv.Unquote(i.Path.Value)
		all = append(all, p)
	}
	return all
}
