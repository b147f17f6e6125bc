package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"shouwen/cases"
)

// peopleColumns are those a file of people may have, with what a value makes of a
// person; only user is needed.
var peopleColumns = map[string]func(p *cases.Person, value string) error{
	"user":       func(p *cases.Person, v string) error { p.User = v; return nil },
	"name":       func(p *cases.Person, v string) error { p.Name = v; return nil },
	"extension":  func(p *cases.Person, v string) error { p.Extension = v; return nil },
	"department": func(p *cases.Person, v string) error { p.Department = v; return nil },
	"email":      func(p *cases.Person, v string) error { p.Email = v; return nil },
	"post":       func(p *cases.Person, v string) error { p.Post = v; return nil },
	"srtp":       func(p *cases.Person, v string) error { p.SRTP = v; return nil },
	"roles":      func(p *cases.Person, v string) error { p.Roles = several[cases.Role](v); return nil },
	"posts":      func(p *cases.Person, v string) error { p.Posts = several[cases.Party](v); return nil },
	"rank":       func(p *cases.Person, v string) (err error) { p.Rank, err = whole(v); return err },
	"penalty":    func(p *cases.Person, v string) (err error) { p.Penalty, err = whole(v); return err },
	"weight":     func(p *cases.Person, v string) (err error) { p.Weight, err = whole(v); return err },
	"ring_time": func(p *cases.Person, v string) (err error) {
		if p.RingTime = 0; v != "" {
			if p.RingTime, err = time.ParseDuration(v); err != nil {
				return errors.New("is no duration; write it like 20s")
			}
		}
		return nil
	},
	"require_tls": func(p *cases.Person, v string) error {
		p.RequireTLS = v == "true"
		if v != "" && v != "true" && v != "false" {
			return errors.New("is neither true nor false")
		}
		return nil
	},
	"skills": func(p *cases.Person, v string) error {
		p.Skills = nil
		for _, word := range several[string](v) {
			skill, level, _ := strings.Cut(word, ":")
			n, err := strconv.Atoi(level)
			if err != nil {
				return errors.New("are written like english:2 german:1")
			}
			if p.Skills == nil {
				p.Skills = map[string]int{}
			}
			p.Skills[skill] = n
		}
		return nil
	},
}

func several[T ~string](v string) (all []T) {
	for _, word := range strings.FieldsFunc(v, func(r rune) bool { return strings.ContainsRune(" ;,；，、", r) }) {
		all = append(all, T(word))
	}
	return all
}

func whole(v string) (int, error) {
	if v == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(v)
	if err != nil {
		return 0, errors.New("is no whole number")
	}
	return n, nil
}

// importPeople adds the people of a CSV file to a directory, and gives those who are in
// it already the values of the columns there are. Nobody is removed. The error lists all
// that is wrong, with lines.
func importPeople(file string, r io.Reader, d cases.Directory, more func(cases.Directory) cases.Faults) (cases.Directory, error) {
	rows := csv.NewReader(r)
	rows.FieldsPerRecord, rows.TrimLeadingSpace = -1, true
	var wrong []string
	note := func(line int, format string, args ...any) {
		wrong = append(wrong, fmt.Sprintf("%s: line %d: %s", file, line, fmt.Sprintf(format, args...)))
	}
	header, err := rows.Read()
	if err != nil {
		return d, fmt.Errorf("%s: no line that names the columns: %w", file, err)
	}
	for i, column := range header {
		header[i] = strings.ToLower(strings.TrimSpace(strings.TrimPrefix(column, "\ufeff")))
		switch _, known := peopleColumns[header[i]]; {
		case strings.Contains(header[i], "password"):
			note(1, "column %d is %s: passwords do not belong into a file; new phones get one, which shouwen user shows", i+1, header[i])
		case !known:
			note(1, "there is no column %q; want some of user, name, extension, department, roles, rank, posts, email, ring_time, penalty, post, weight, skills, require_tls, srtp", header[i])
		case slices.Index(header, header[i]) < i:
			note(1, "column %s is there twice", header[i])
		}
	}
	if !slices.Contains(header, "user") {
		note(1, "the column user is missing; it says who is who")
	}
	if wrong != nil {
		return d, errors.New(strings.Join(wrong, "\n"))
	}
	lines := map[string]int{} // by user
	d.People = slices.Clone(d.People)
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return d, fmt.Errorf("%s: %w", file, err) // it names the line
		}
		line, _ := rows.FieldPos(0)
		if len(row) != len(header) {
			note(line, "has %d values, the first line names %d columns", len(row), len(header))
			continue
		}
		p := personOfRow(header, row, d)
		for i, value := range row {
			if !utf8.ValidString(value) {
				note(line, "%s is not UTF-8; save the file as CSV UTF-8", header[i])
			} else if err := peopleColumns[header[i]](&p, strings.TrimSpace(value)); err != nil {
				note(line, "%s %q %s", header[i], value, err)
			}
		}
		if first, twice := lines[p.User]; twice {
			note(line, "user %s is there twice, at line %d, too", p.User, first)
			continue
		}
		lines[p.User] = line
		if p.Extension == "" {
			p.Extension = p.User
		}
		if i := slices.IndexFunc(d.People, func(o cases.Person) bool { return o.User == p.User }); i >= 0 {
			d.People[i] = p
		} else {
			d.People = append(d.People, p)
		}
	}
	for _, f := range append(d.Check(), more(d)...) {
		wrong = append(wrong, file+": "+atLine(f, d, lines))
	}
	if wrong != nil {
		return d, errors.New(strings.Join(wrong, "\n"))
	}
	return d, nil
}

// personOfRow is whom a row is about, as the directory has him.
func personOfRow(header, row []string, d cases.Directory) cases.Person {
	p, _ := d.Person(strings.TrimSpace(row[slices.Index(header, "user")]))
	return p
}

// atLine says a fault with the line of the person it is about, if the file has him.
func atLine(f cases.Fault, d cases.Directory, lines map[string]int) string {
	var i int
	if _, err := fmt.Sscanf(f.Path, "people[%d]", &i); err == nil && i < len(d.People) {
		_, field, _ := strings.Cut(f.Path, ".")
		if line, ok := lines[d.People[i].User]; ok {
			return fmt.Sprintf("line %d: %s: %s", line, field, f.Text)
		}
	}
	return cases.Faults{f}.Error()
}
