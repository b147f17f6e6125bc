//go:build ignore

// Coverage prints which rules of the catalogue no policy and no test cites, by what a
// rule asks of the code.
//
//	go run .ci/coverage.go [folder with rules.md and rules_index.csv]
//
// A policy cites a rule in a list of rules or in a comment, a test in its text or by
// the number of a scenario, which stands for the rules in its heading.
package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

var (
	rule    = regexp.MustCompile(`S\d\d-?R\d{1,2}\b`)
	inName  = regexp.MustCompile(`Test(E[0-4]\d)_?[A-Z]`)
	heading = regexp.MustCompile(`(?m)^\*\*(E\d\d) [^*]*\*\* \(([^)]*(?:\([^)]*\)[^)]*)*)\)`)
)

func main() {
	folder := "../shared"
	if len(os.Args) > 1 {
		folder = os.Args[1]
	}
	if err := report(folder); err != nil {
		fmt.Fprintln(os.Stderr, "coverage:", err)
		os.Exit(1)
	}
}

func report(folder string) error {
	index, err := readIndex(filepath.Join(folder, "rules_index.csv"))
	if errors.Is(err, fs.ErrNotExist) {
		fmt.Printf("no rules catalogue in %s: nothing to compare with\n", folder)
		return nil
	}
	if err != nil {
		return err
	}
	scenarios, err := readScenarios(filepath.Join(folder, "rules.md"))
	if err != nil {
		return err
	}
	inPolicies, err := cited("cases/profile", ".yaml", nil)
	if err != nil {
		return err
	}
	inTests, err := cited(".", "_test.go", scenarios)
	if err != nil {
		return err
	}
	fmt.Printf("%-20s %6s %9s %6s %8s\n", "kind", "rules", "policies", "tests", "neither")
	for _, kind := range slices.Sorted(maps.Keys(index)) {
		var policies, tests int
		var neither []string
		for _, id := range index[kind] {
			p, t := inPolicies[id], inTests[id]
			if p {
				policies++
			}
			if t {
				tests++
			}
			if !p && !t {
				neither = append(neither, id)
			}
		}
		fmt.Printf("%-20s %6d %9d %6d %8d\n", kind, len(index[kind]), policies, tests, len(neither))
		if kind != "not-implementable" && len(neither) > 0 {
			fmt.Printf("    %s\n", strings.Join(neither, " "))
		}
	}
	for id := range inPolicies {
		if !slices.ContainsFunc(slices.Collect(maps.Values(index)), func(ids []string) bool { return slices.Contains(ids, id) }) {
			return fmt.Errorf("a policy cites %s, which is not in the catalogue", id)
		}
	}
	return nil
}

// readIndex returns the rule ids by kind.
func readIndex(file string) (map[string][]string, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, err
	}
	all := map[string][]string{}
	id, kind := slices.Index(rows[0], "rule_id"), slices.Index(rows[0], "kind")
	for _, row := range rows[1:] {
		all[row[kind]] = append(all[row[kind]], row[id])
	}
	return all, nil
}

// readScenarios returns the rules of every scenario.
func readScenarios(file string) (map[string][]string, error) {
	b, err := os.ReadFile(file)
	all := map[string][]string{}
	for _, m := range heading.FindAllStringSubmatch(string(b), -1) {
		all[m[1]] = rule.FindAllString(m[2], -1)
	}
	return all, err
}

// cited returns the rules that files below folder cite, whose names end so.
func cited(folder, end string, scenarios map[string][]string) (map[string]bool, error) {
	all := map[string]bool{}
	err := filepath.WalkDir(folder, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, end) {
			return err
		}
		b, err := os.ReadFile(name)
		for _, id := range rule.FindAllString(string(b), -1) {
			if !strings.Contains(id, "-") {
				id = id[:3] + "-" + id[3:]
			}
			all[id] = true
		}
		if scenarios != nil {
			for _, m := range inName.FindAllStringSubmatch(string(b), -1) {
				for _, id := range scenarios[m[1]] {
					all[id] = true
				}
			}
		}
		return err
	})
	return all, err
}
