package sip

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
)

func TestPanicCostsNothingElse(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	p := &panics{metrics: testMetrics(), log: slog.New(slog.NewTextHandler(&out, nil))}
	for range 2 {
		if p.safely("test", func() { panic("ouch") }) {
			t.Error("a panic counts as an end")
		}
	}
	if !p.safely("test", func() {}) {
		t.Error("an end counts as a panic")
	}
	if got := out.String(); strings.Count(got, "ouch") != 2 || strings.Count(got, "stack=") != 1 {
		t.Errorf("want two panics and one stack in the log, got %s", got)
	}
	ended := make(chan struct{})
	p.start("test", func() {
		defer close(ended)
		panic("ouch")
	})
	<-ended
}

// A goroutine that is not started by panics.start takes the process with it.
func TestGoroutinesRecover(t *testing.T) {
	t.Parallel()
	sources, err := filepath.Glob("*.go")
	if err != nil || len(sources) < 20 {
		t.Fatalf("%d files, %v", len(sources), err)
	}
	files := token.NewFileSet()
	for _, name := range sources {
		if strings.HasSuffix(name, "_test.go") || name == "recover.go" {
			continue
		}
		file, err := parser.ParseFile(files, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if g, ok := n.(*ast.GoStmt); ok {
				t.Errorf("%s: a go statement; use panics.start", files.Position(g.Pos()))
			}
			return true
		})
	}
}
