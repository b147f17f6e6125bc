package ivr

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Mermaid returns the flow as a diagram in Mermaid's language, the same for the same
// flow. Check must have found no error in it.
func (f Flow) Mermaid() string {
	var b strings.Builder
	b.WriteString("flowchart TD\n")
	names := slices.Sorted(maps.Keys(f.Nodes))
	id := func(name string) string {
		i, _ := slices.BinarySearch(names, name)
		return fmt.Sprintf("n%d", i)
	}
	fmt.Fprintf(&b, "    start((start)) --> %s\n", id(f.Start))
	if f.Emergency != "off" {
		fmt.Fprintf(&b, "    any((any time)) -->|\"key %s\"| emergency([emergency])\n", label(f.Emergency))
	}
	for _, name := range names {
		k, is := f.Nodes[name].kind()
		detail := ""
		if l, ok := k.(leaf); ok && l.Name != "" {
			detail = " " + label(l.Name)
		}
		open, end := "[", "]"
		switch ways := k.ways(); {
		case len(ways) == 0:
			open, end = "([", "])"
		case len(ways) > 1:
			open, end = "{{", "}}"
		}
		fmt.Fprintf(&b, "    %s%s\"%s<br>%s\"%s\n", id(name), open, label(name), is+detail, end)
		for _, w := range k.ways() {
			fmt.Fprintf(&b, "    %s -->|\"%s\"| %s\n", id(name), label(w.on), id(w.to))
		}
	}
	return b.String()
}

// label writes what Mermaid would take for its own as entities.
func label(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r < ' ' || strings.ContainsRune("\"#&;<>`\\", r) {
			fmt.Fprintf(&b, "#%d;", r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}
