package day

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Report is what came of a day.
type Report struct {
	Setting     string         `json:"setting"`
	Seconds     float64        `json:"seconds"`     // it was played in
	Courses     map[Course]int `json:"courses"`     // callers by what was to become of them
	Counts      Counts         `json:"counts"`      // by the player, under the names the server has for them
	Problems    []string       `json:"problems"`    // what should not happen
	Compared    bool           `json:"compared"`    // with the figures of the server
	Differences []Difference   `json:"differences"` // from them
}

// Courses counts the callers of a plan by what is to become of them.
func (p Plan) Courses() map[Course]int {
	all := map[Course]int{}
	for _, k := range p.Contacts {
		all[k.Course]++
	}
	return all
}

// OK reports whether all went as it should, and all figures are equal.
func (r *Report) OK() bool { return len(r.Problems)+len(r.Differences) == 0 }

// JSON is the report for programs.
func (r *Report) JSON() []byte {
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		panic(err) // text and numbers
	}
	return append(b, '\n')
}

// String is the report for people: without what is told person by person and column by
// column, unless it differs.
func (r *Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, played in %.0f s\n\n", r.Setting, r.Seconds)
	for _, name := range r.Counts.names() {
		if strings.HasPrefix(name, cardOfPerson.Name) || strings.HasPrefix(name, cellsOfRegister.Name) {
			continue
		}
		fmt.Fprintf(&b, "%7d  %s\n", r.Counts[name], name)
	}
	for _, text := range r.Problems {
		fmt.Fprintf(&b, "\nproblem: %s", text)
	}
	switch {
	case len(r.Differences) > 0:
		fmt.Fprintf(&b, "\n\n%7s %7s  figures that differ\n%7s %7s\n", "counted", "server", "", "")
		for _, d := range r.Differences {
			fmt.Fprintf(&b, "%7d %7d  %s (%s)\n", d.Own, d.Server, d.Figure, d.Source)
		}
	case r.Compared:
		b.WriteString("\nthe server says the same of every figure\n")
	}
	return b.String()
}
