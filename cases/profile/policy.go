package profile

import (
	"cmp"
	"embed"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"shouwen/cases"
)

//go:embed policies
var policies embed.FS

// base is the policy every other is read over.
const base = "none"

// Policies names the policies that come with Shouwen, sorted.
func Policies() (names []string) {
	files, err := policies.ReadDir("policies")
	if err != nil {
		panic(err) // embedded
	}
	for _, f := range files {
		names = append(names, strings.TrimSuffix(f.Name(), ".yaml"))
	}
	return names
}

// Source returns the YAML of a policy that comes with Shouwen: something to copy and edit.
func Source(name string) ([]byte, error) {
	if !slices.Contains(Policies(), name) {
		return nil, fmt.Errorf("no policy %q comes with Shouwen, want one of %s", name, strings.Join(Policies(), ", "))
	}
	return policies.ReadFile("policies/" + name + ".yaml")
}

// Policy returns a policy that comes with Shouwen.
func Policy(name string) (cases.Policy, error) {
	b, err := Source(name)
	if err != nil {
		return cases.Policy{}, err
	}
	return LoadPolicy(b)
}

// LoadPolicy reads a policy from YAML, over that of the name none: what it does not
// say is as there, a list it gives replaces the whole list, and the clocks of none,
// which only measure, come after its own. The rule ids in the comment behind a setting
// are kept with it. Errors name line and column; the result has passed Check.
func LoadPolicy(b []byte) (cases.Policy, error) {
	below, err := Source(base)
	if err != nil {
		return cases.Policy{}, err
	}
	var p cases.Policy
	if err := decode(below, &p); err != nil {
		return p, fmt.Errorf("policy %s: %w", base, err)
	}
	measured := p.Clocks
	p.ID, p.Clocks = "", nil
	if err := decode(b, &p); err != nil {
		return p, fmt.Errorf("policy: %w", err)
	}
	file, err := parser.ParseBytes(b, 0)
	if err != nil {
		return p, fmt.Errorf("policy: %s", yaml.FormatError(err, false, false))
	}
	body := file.Docs[0].Body
	if err := cmp.Or(limited(body), workedOut(body)); err != nil {
		return p, fmt.Errorf("policy: %s", yaml.FormatError(err, false, false))
	}
	p.Version, p.Rules = "", cited(b, body)
	var problems []error
	for _, problem := range p.Check() {
		problems = append(problems, fmt.Errorf("policy: %s%w", place(body, problem.Path), problem))
	}
	if p.ID != base {
		p.Clocks = measuredToo(p.Clocks, measured)
	}
	return p.Versioned(), errors.Join(problems...)
}

// measuredToo returns own and those of base that it leaves room for.
func measuredToo(own, base []cases.Terms) []cases.Terms {
	all := slices.Clone(own)
	for _, t := range base {
		if !slices.ContainsFunc(own, func(o cases.Terms) bool { return o.Kind == t.Kind && o.Unconditional() }) {
			all = append(all, t)
		}
	}
	return all
}

// limited refuses a clock that does not say its limit: no number is a decision, and
// is written down as null.
func limited(body ast.Node) error {
	clocks, ok := at(body, "clocks").(*ast.SequenceNode)
	if !ok {
		return nil
	}
	for _, c := range clocks.Values {
		if at(c, "limit") == nil {
			return refuse(c, "this clock has no limit; write limit: null for one that is measured and never breached")
		}
	}
	return nil
}

// workedOut refuses what nobody may write down.
func workedOut(body ast.Node) error {
	for _, key := range []string{"version", "rules"} {
		if n := at(body, key); n != nil {
			return refuse(n, "%s is worked out from the file: leave it out", key)
		}
	}
	return nil
}

// at returns the value of key in the mapping n; nil: there is none.
func at(n ast.Node, key string) ast.Node {
	m, ok := n.(ast.MapNode)
	if !ok {
		return nil
	}
	for entries := m.MapRange(); entries.Next(); {
		if word(entries.Key()) == key {
			return entries.Value()
		}
	}
	return nil
}

var step = regexp.MustCompile(`([a-z0-9_]+)|\[(\d+)\]`)

// place returns [line:column] of the setting at path, or of the nearest one around it,
// and a space.
func place(body ast.Node, path string) string {
	n := body
	for _, m := range step.FindAllStringSubmatch(path, -1) {
		var next ast.Node
		if list, ok := n.(*ast.SequenceNode); ok && m[2] != "" {
			var i int
			if _, err := fmt.Sscan(m[2], &i); err == nil && i < len(list.Values) {
				next = list.Values[i]
			}
		} else {
			next = at(n, m[1])
		}
		if next == nil {
			break
		}
		n = next
	}
	pos := first(n).Position
	return fmt.Sprintf("[%d:%d] ", pos.Line, pos.Column)
}

// first is the token n begins with.
func first(n ast.Node) *token.Token {
	if m, ok := n.(ast.MapNode); ok {
		if entries := m.MapRange(); entries.Next() {
			return entries.Key().GetToken()
		}
	}
	return n.GetToken()
}

var ruleID = regexp.MustCompile(`\bS\d\d-R\d{1,2}\b`)

// cited returns the rule ids in the comments of b, by the path of the setting that
// stands on the same line.
func cited(b []byte, body ast.Node) map[string][]string {
	byLine := map[int][]string{}
	for _, t := range lexer.Tokenize(string(b)) {
		if ids := ruleID.FindAllString(t.Value, -1); t.Type == token.CommentType && ids != nil {
			byLine[t.Position.Line] = ids
		}
	}
	all := map[string][]string{}
	var walk func(n ast.Node, path string)
	walk = func(n ast.Node, path string) {
		switch n := n.(type) {
		case ast.MapNode:
			for entries := n.MapRange(); entries.Next(); {
				below := strings.TrimPrefix(path+"."+word(entries.Key()), ".")
				switch entries.Value().(type) {
				case ast.MapNode:
					walk(entries.Value(), below)
				default:
					if ids := byLine[entries.Key().GetToken().Position.Line]; ids != nil {
						all[below] = ids
					}
				}
			}
		}
	}
	walk(body, "")
	return all
}
