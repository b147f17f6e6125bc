package main

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"shouwen/ivr/call"
)

// LoadConfig reads a configuration over the defaults. The error names line and
// column.
func LoadConfig(file string) (Config, error) {
	c := Default()
	c.dir, c.file = filepath.Dir(file), file
	b, err := os.ReadFile(file)
	if err != nil {
		return c, fmt.Errorf("configuration: %w", err)
	}
	if err := decode(b, &c); err != nil {
		return c, fmt.Errorf("%s: %s", file, yaml.FormatError(err, false, true))
	}
	for f, code := range call.DefaultCodes() { // the file need not name them all
		if _, set := c.Codes[f]; !set {
			c.Codes[f] = code
		}
	}
	return c, located(file, b, c.Check())
}

// decode reads YAML over c. A key without a value, as is left when all below it
// is commented out, changes nothing.
func decode(b []byte, c *Config) error {
	file, err := parser.ParseBytes(b, 0)
	if err != nil {
		return err
	}
	for _, doc := range file.Docs {
		if doc.Body == nil || doc.Body.Type() == ast.NullType || doc.Body.Type() == ast.CommentType {
			continue
		}
		dropEmpty(doc.Body)
		if err := yaml.NodeToValue(doc.Body, c, yaml.Strict()); err != nil {
			return err
		}
	}
	return nil
}

func dropEmpty(n ast.Node) {
	switch n := n.(type) {
	case *ast.MappingNode:
		n.Values = slices.DeleteFunc(n.Values, func(v *ast.MappingValueNode) bool { return v.Value.Type() == ast.NullType })
		for _, v := range n.Values {
			dropEmpty(v.Value)
		}
	case *ast.SequenceNode:
		for _, v := range n.Values {
			dropEmpty(v)
		}
	}
}

// UnmarshalYAML implements yaml.NodeUnmarshaler: what n leaves out has its default.
func (h *HotlineConfig) UnmarshalYAML(n ast.Node) error {
	type fields HotlineConfig
	f := fields(defaultHotline(""))
	err := yaml.NodeToValue(n, &f, yaml.Strict())
	*h = HotlineConfig(f)
	return err
}

// UnmarshalYAML implements yaml.NodeUnmarshaler: what n leaves out has its default.
func (q *QueueConfig) UnmarshalYAML(n ast.Node) error {
	type fields QueueConfig
	f := fields(defaultQueue(""))
	err := yaml.NodeToValue(n, &f, yaml.Strict())
	*q = QueueConfig(f)
	return err
}

// UnmarshalYAML implements yaml.NodeUnmarshaler: true is the built-in greeting.
func (g *Greeting) UnmarshalYAML(n ast.Node) error {
	switch name := word(n); name {
	case "true":
		*g = "greeting"
	case "false":
		*g = ""
	default:
		if !plainName.MatchString(name) {
			return refuse(n, "is no greeting; write true, false or the name of a prompt")
		}
		*g = Greeting(name)
	}
	return nil
}

// Duration is a time.Duration written like 90s or 3m.
type Duration time.Duration

// UnmarshalYAML implements yaml.NodeUnmarshaler.
func (d *Duration) UnmarshalYAML(n ast.Node) error {
	v, err := time.ParseDuration(word(n))
	if err != nil {
		return refuse(n, "is no duration; write it like 20s or 3m")
	}
	*d = Duration(v)
	return nil
}

// PortRange is first-last, both included.
type PortRange struct{ First, Last uint16 }

// UnmarshalYAML implements yaml.NodeUnmarshaler.
func (r *PortRange) UnmarshalYAML(n ast.Node) error {
	first, last, ok := strings.Cut(word(n), "-")
	f, err1 := strconv.ParseUint(strings.TrimSpace(first), 10, 16)
	l, err2 := strconv.ParseUint(strings.TrimSpace(last), 10, 16)
	if !ok || err1 != nil || err2 != nil || f < 1024 || l < f+3 {
		return refuse(n, "is no port range; write it like 10000-20000")
	}
	*r = PortRange{uint16(f), uint16(l)}
	return nil
}

// Address is an IP address.
type Address struct{ netip.Addr }

// UnmarshalYAML implements yaml.NodeUnmarshaler.
func (a *Address) UnmarshalYAML(n ast.Node) (err error) {
	if a.Addr, err = netip.ParseAddr(word(n)); err != nil {
		return refuse(n, "is no IP address; write it like 192.0.2.10")
	}
	return nil
}

// Peer is an IP address or a network of them.
type Peer struct{ netip.Prefix }

// UnmarshalYAML implements yaml.NodeUnmarshaler.
func (p *Peer) UnmarshalYAML(n ast.Node) error {
	if a, err := netip.ParseAddr(word(n)); err == nil {
		p.Prefix = netip.PrefixFrom(a, a.BitLen())
		return nil
	}
	prefix, err := netip.ParsePrefix(word(n))
	if err != nil {
		return refuse(n, "is neither an address nor a network; write it like 192.0.2.10 or 192.0.2.0/24")
	}
	p.Prefix = prefix
	return nil
}

// word is the text of a single value; lists and mappings have none.
func word(n ast.Node) string {
	if s, ok := n.(ast.ScalarNode); ok {
		return strings.TrimSpace(s.GetToken().Value)
	}
	return ""
}

// refuse is an error about the value of n, with its line and column.
func refuse(n ast.Node, why string) error {
	return &yaml.SyntaxError{Message: n.String() + " " + why, Token: n.GetToken()}
}

func (r PortRange) String() string { return fmt.Sprintf("%d-%d", r.First, r.Last) }

// configError is a value Check refuses, with the YAML path it was set at.
type configError struct {
	path string
	text string
}

func (e configError) Error() string { return strings.TrimPrefix(e.path, "$.") + ": " + e.text }

// located adds line and column of the value err is about, if the file has it.
func located(file string, source []byte, err error) error {
	var bad configError
	if !errors.As(err, &bad) {
		return err
	}
	path, pathErr := yaml.PathString(bad.path)
	if pathErr == nil {
		if note, noteErr := path.AnnotateSource(source, false); noteErr == nil {
			line, column := position(string(note))
			return fmt.Errorf("%s: [%s:%s] %w\n%s", file, line, column, err, note)
		}
	}
	return fmt.Errorf("%s: %w", file, err)
}

var marked = regexp.MustCompile(`(?m)^>\s*(\d+) \|(.*)\n\s*(\^)?`)

// position finds line and column in the annotated source: the marked line and
// the caret below it.
func position(note string) (line, column string) {
	m := marked.FindStringSubmatch(note)
	if m == nil {
		return "1", "1"
	}
	rows := strings.Split(note, "\n")
	for i, row := range rows {
		if strings.HasPrefix(row, ">") && i+1 < len(rows) {
			bar := strings.Index(row, "|")
			return m[1], strconv.Itoa(max(1, strings.Index(rows[i+1], "^")-bar-1))
		}
	}
	return m[1], "1"
}
