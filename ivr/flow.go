// Package ivr is what a caller hears before an agent answers: a Flow of small nodes
// is loaded from YAML, checked once, and walked by each caller. It knows no SIP: a
// call shows itself as a Caller, and where the caller ends up is an Exit for whoever
// has the call.
package ivr

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/token"

	"shouwen/ivr/prompts"
)

// Example is a flow to begin with: office hours, one menu, and the built-in prompts.
// It needs the hours hotline, the queue general and the mailbox general.
//
//go:embed example.yaml
var Example string

// Flow is a graph of nodes. Walk it only after Check found no error in it. Nothing
// changes it after Load, so many callers may walk it at once.
type Flow struct {
	Start     string          `yaml:"start"`
	Emergency string          `yaml:"emergency"` // key that leads to the emergency path at any time, "off" for none; 9 by default
	Nodes     map[string]Node `yaml:"nodes"`     // by name
}

// Node is one step of a flow. Exactly one field is set; Check enforces it. The last
// five are leaves: there the caller leaves the flow.
type Node struct {
	Say     *Say     `yaml:"say"`
	Menu    *Menu    `yaml:"menu"`
	Collect *Collect `yaml:"collect"`
	Survey  *Survey  `yaml:"survey"`
	Hours   *Hours   `yaml:"hours"`
	Set     *Set     `yaml:"set"`
	HTTP    *HTTP    `yaml:"http"`

	Queue     *Leaf `yaml:"queue"`     // waits for an agent
	Extension *Leaf `yaml:"extension"` // rings one extension
	Voicemail *Leaf `yaml:"voicemail"` // leaves a message
	Callback  *Leaf `yaml:"callback"`  // will be called back
	Hangup    *Leaf `yaml:"hangup"`
}

// kind is what every kind of node can do.
type kind interface {
	says() []Item
	ways() []way      // out of the node, in a fixed order; none of a leaf
	check(c *checker) // what is wrong besides items and ways
	walk(ctx context.Context, v *visit) (on string, err error)
}

// way leads out of a node.
type way struct {
	on, to string // the outcome, the node it leads to
	asked  bool   // taken only when the caller answers, which he may as often as there are tries
}

// kind returns what the node is and the YAML name of it, nil unless it is exactly one.
func (n Node) kind() (k kind, name string) {
	for _, c := range []struct {
		name string
		kind kind
		is   bool
	}{
		{"say", n.Say, n.Say != nil},
		{"menu", n.Menu, n.Menu != nil},
		{"collect", n.Collect, n.Collect != nil},
		{"survey", n.Survey, n.Survey != nil},
		{"hours", n.Hours, n.Hours != nil},
		{"set", n.Set, n.Set != nil},
		{"http", n.HTTP, n.HTTP != nil},
		{"queue", leaf{n.Queue, ToQueue}, n.Queue != nil},
		{"extension", leaf{n.Extension, ToExtension}, n.Extension != nil},
		{"voicemail", leaf{n.Voicemail, ToVoicemail}, n.Voicemail != nil},
		{"callback", leaf{n.Callback, ToCallback}, n.Callback != nil},
		{"hangup", leaf{n.Hangup, ToHangup}, n.Hangup != nil},
	} {
		switch {
		case !c.is:
		case k != nil:
			return nil, ""
		default:
			k, name = c.kind, c.name
		}
	}
	return k, name
}

// Bounds of the YAML of a flow.
const (
	maxFile  = 64 << 10 // octets
	maxDepth = 10       // brackets within brackets
)

// Load reads a flow from YAML and fills in the defaults. It is strict: errors name
// line and column of what is unknown, doubled or of the wrong type. What is well
// written but makes no sense is for Check to find.
func Load(b []byte) (Flow, error) {
	var f Flow
	if len(b) > maxFile {
		return f, fmt.Errorf("flow: more than %d KiB", maxFile>>10)
	}
	if err := bounded(b); err != nil {
		return f, fmt.Errorf("flow: %w", err)
	}
	d := yaml.NewDecoder(bytes.NewReader(b), yaml.Strict())
	switch err := d.Decode(&f); {
	case errors.Is(err, io.EOF):
		return Flow{}, errors.New("flow: [1:1] is empty")
	case err != nil:
		return Flow{}, fmt.Errorf("flow: %s", yaml.FormatError(err, false, false))
	}
	if err := d.Decode(new(any)); !errors.Is(err, io.EOF) {
		return Flow{}, errors.New("flow: more than one document")
	}
	if f.Emergency == "" {
		f.Emergency = "9"
	}
	for _, n := range f.Nodes {
		k, _ := n.kind()
		if k, ok := k.(interface{ fillIn() }); ok {
			k.fillIn()
		}
	}
	return f, nil
}

// bounded refuses YAML that costs far more to read than its size suggests.
func bounded(b []byte) error {
	depth := 0
	for _, t := range lexer.Tokenize(string(b)) {
		switch t.Type {
		case token.AnchorType, token.AliasType:
			return fmt.Errorf("[%d:%d] anchors and aliases are not supported", t.Position.Line, t.Position.Column)
		case token.SequenceStartType, token.MappingStartType:
			if depth++; depth > maxDepth {
				return fmt.Errorf("[%d:%d] more than %d brackets within each other", t.Position.Line, t.Position.Column, maxDepth)
			}
		case token.SequenceEndType, token.MappingEndType:
			depth--
		}
	}
	return nil
}

// emergency returns the emergency key, 0 for none.
func (f Flow) emergency() byte {
	if f.Emergency == "off" {
		return 0
	}
	return f.Emergency[0]
}

// Prompts returns the names of the prompts the flow plays, sorted: for whoever loads
// those that are not built in.
func (f Flow) Prompts() []prompts.Name {
	used := map[prompts.Name]bool{}
	for item := range f.items() {
		if item.Name != "" {
			used[item.Name] = true
		}
	}
	return slices.Sorted(maps.Keys(used))
}

// Texts returns what the flow says in a language that no prompt has, by the name of
// the prompt it is looked for under: for whoever has it spoken.
func (f Flow) Texts(language string) map[prompts.Name]string {
	texts := map[prompts.Name]string{}
	for item := range f.items() {
		if words, name := item.text(language); words != "" {
			texts[name] = words
		}
	}
	return texts
}

// items yields what the nodes play.
func (f Flow) items() iter.Seq[Item] {
	return func(yield func(Item) bool) {
		for _, n := range f.Nodes {
			k, _ := n.kind()
			if k == nil {
				continue
			}
			for _, item := range k.says() {
				if !yield(item) {
					return
				}
			}
		}
	}
}
