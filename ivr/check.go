package ivr

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"shouwen/ivr/prompts"
)

// References are the names outside of a flow that its nodes may use.
type References struct {
	Sets       map[string]prompts.Set // by language; a flow may speak every one of these
	Queues     []string
	Extensions []string
	Mailboxes  []string
	Hours      []string
	Classes    []string // empty: any
	Categories []string
	Values     []string // names of Walk.Values
}

// Problem is something wrong with a flow, or only unwise.
type Problem struct {
	Node    string // empty: the flow itself
	Text    string
	Warning bool // the flow may be walked all the same
}

// String returns the problem in one line.
func (p Problem) String() string {
	text := p.Text
	if p.Node != "" {
		text = fmt.Sprintf("node %q: %s", p.Node, text)
	}
	if p.Warning {
		text = "warning: " + text
	}
	return text
}

// maxNodes is how many nodes a flow may have.
const maxNodes = 200

// checker is a check under way.
type checker struct {
	flow                 Flow
	refs                 References
	languages, variables []string
	at                   string // name of the node, empty for the flow itself
	problems             []Problem
}

// Check returns what is wrong with the flow, sorted by node, the same every time. If
// nothing but warnings is, then every node is well formed, can be reached and leads
// to existing nodes; every prompt exists in every language; every queue, extension
// and so on is known; and every walk ends, whatever the caller does.
func (f Flow) Check(refs References) []Problem {
	c := &checker{flow: f, refs: refs, languages: slices.Sorted(maps.Keys(refs.Sets)), variables: slices.Clone(refs.Values)}
	for _, n := range f.Nodes {
		if n.Collect != nil {
			c.variables = append(c.variables, n.Collect.Into)
		}
		if n.HTTP != nil {
			c.variables = slices.AppendSeq(c.variables, maps.Keys(n.HTTP.Take))
		}
	}
	slices.Sort(c.variables)
	c.want(f.Emergency == "off" || isKey(f.Emergency), "emergency is %q, want a key, 0 to 9, * or #, or off", f.Emergency)
	c.want(len(f.Nodes) <= maxNodes, "%d nodes, want at most %d", len(f.Nodes), maxNodes)
	c.ways(way{on: "start", to: f.Start})
	for _, c.at = range slices.Sorted(maps.Keys(f.Nodes)) {
		k, _ := f.Nodes[c.at].kind()
		if k == nil {
			c.want(false, "want exactly one of say, menu, collect, survey, hours, set, http, queue, extension, voicemail, callback, hangup")
			continue
		}
		c.ways(k.ways()...)
		for _, item := range k.says() {
			c.item(item)
		}
		k.check(c)
	}
	if len(c.problems) == 0 { // the graph is whole
		c.paths()
		c.loops()
	}
	return c.problems
}

// CheckSurvey returns what is wrong with a flow that callers walk after the call: as
// Check does, and whatever leads back to somebody.
func (f Flow) CheckSurvey(refs References) []Problem {
	c := &checker{flow: f}
	c.want(f.Emergency == "off", "emergency is %q, want off: nobody is there after the call", f.Emergency)
	for _, c.at = range slices.Sorted(maps.Keys(f.Nodes)) {
		if k, is := f.Nodes[c.at].kind(); k != nil && len(k.ways()) == 0 {
			c.want(is == "hangup", "a survey ends with hangup, not with %s", is)
		}
	}
	return append(c.problems, f.Check(refs)...)
}

// want reports a problem of the node unless ok.
func (c *checker) want(ok bool, format string, args ...any) {
	if !ok {
		c.problems = append(c.problems, Problem{Node: c.at, Text: fmt.Sprintf(format, args...)})
	}
}

// known reports a name that is not one of those there are.
func (c *checker) known(what, name string, there []string) {
	c.want(slices.Contains(there, name), "no %s %q: there are %d, %q", what, name, len(there), there[:min(len(there), 20)])
}

func (c *checker) ways(all ...way) {
	for _, w := range all {
		_, ok := c.flow.Nodes[w.to]
		c.want(ok, "%s leads to unknown node %q", w.on, w.to)
	}
}

func (c *checker) item(item Item) {
	if item.Say != "" {
		c.want(speech[item.Say] != nil, "%s: a value is said as one of %s", item, slices.Sorted(maps.Keys(speech)))
		c.known("variable", item.Variable, c.variables)
		return
	}
	for _, lang := range c.languages {
		name := item.Name
		if item.Text != nil {
			var words string
			words, name = item.text(lang)
			c.want(words != "" && len(words) <= maxText, "%s: want 1 to %d octets of text in %s", item, maxText, lang)
		}
		_, ok := c.refs.Sets[lang][name]
		c.want(ok, "no prompt %q in %s", item.String(), lang)
	}
}

// maxText is how many octets of text are spoken in one go.
const maxText = 1000

// paths finds nodes that cannot be reached, and menus behind menus.
func (c *checker) paths() {
	seen, level := map[string]bool{}, []string{c.flow.Start}
	for depth := 1; len(level) > 0; depth++ {
		var behind []string // the menus of this level
		for len(level) > 0 {
			name := level[0]
			level = level[1:]
			if seen[name] {
				continue
			}
			seen[name] = true
			k, is := c.flow.Nodes[name].kind()
			to := &level
			if is == "menu" {
				to = &behind
			}
			for _, w := range k.ways() {
				*to = append(*to, w.to)
			}
			if is == "menu" && depth > 1 {
				c.problems = append(c.problems, Problem{name, fmt.Sprintf(
					"menu on level %d: GB/T 33358 advises against menus, all the more against menus behind menus", depth), true})
			}
		}
		level = behind
	}
	for _, c.at = range slices.Sorted(maps.Keys(c.flow.Nodes)) {
		c.want(seen[c.at], "no way leads here")
	}
}

// loops finds a circle that a caller goes round without ever answering. If there is
// none, every walk ends: answers are limited by tries, and between two of them no
// node is passed twice.
func (c *checker) loops() {
	done := map[string]bool{}
	var path []string
	var visit func(name string) bool
	visit = func(name string) (found bool) {
		if i := slices.Index(path, name); i >= 0 {
			c.at = name
			c.want(false, "endless loop without an answer of the caller: %s", strings.Join(append(path[i:], name), " → "))
			return true
		}
		if done[name] {
			return false
		}
		done[name] = true
		path = append(path, name)
		k, _ := c.flow.Nodes[name].kind()
		for _, w := range k.ways() {
			if !w.asked && visit(w.to) {
				return true
			}
		}
		path = path[:len(path)-1]
		return false
	}
	for _, name := range slices.Sorted(maps.Keys(c.flow.Nodes)) {
		if visit(name) {
			return
		}
	}
}
