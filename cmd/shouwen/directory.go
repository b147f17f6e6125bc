package main

import (
	"crypto/rand"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"shouwen/cases"
	"shouwen/cases/console"
	"shouwen/ivr/acd"
)

// phonebook is a directory as a file has it: with the passwords that are to be new, if
// there are any. PostgreSQL leads; see roster.
type phonebook struct {
	Departments []cases.Department `yaml:"departments"`
	Categories  []cases.Category   `yaml:"categories,omitempty"`
	Posts       []cases.Post       `yaml:"posts,omitempty"`
	People      []Phone            `yaml:"people"`
}

// Phone is a person, and what proves who he is.
type Phone struct {
	cases.Person `yaml:",inline"`
	Password     string `yaml:"password,omitempty"`         // of his phone; empty: as it was
	Console      string `yaml:"console_password,omitempty"` // hash of the password he signs in to the console with, see console.HashPassword; empty: as it was
}

// phonebookOf is a directory as its file has it.
func phonebookOf(d cases.Directory) phonebook {
	b := phonebook{Departments: d.Departments, Categories: d.Categories, Posts: d.Posts}
	for _, p := range d.People {
		b.People = append(b.People, Phone{Person: p})
	}
	return b
}

// directory is the phonebook without passwords.
func (b phonebook) directory() cases.Directory {
	d := cases.Directory{Departments: b.Departments, Categories: b.Categories, Posts: b.Posts}
	for _, p := range b.People {
		d.People = append(d.People, p.Person)
	}
	return d
}

// passwords are those of the phones that are to be new, by user; consoleHashes those of
// the console.
func (b phonebook) passwords() passwords {
	all := passwords{}
	for _, p := range b.People {
		if p.Password != "" {
			all[p.User] = p.Password
		}
	}
	return all
}

func (b phonebook) consoleHashes() map[string]string {
	all := map[string]string{}
	for _, p := range b.People {
		if p.Console != "" {
			all[p.User] = p.Console
		}
	}
	return all
}

// faults are all that is wrong with it by itself.
func (b phonebook) faults() cases.Faults {
	all := b.directory().Check()
	for i, p := range b.People {
		if p.Console != "" {
			if err := console.CheckHash(p.Console); err != nil {
				all = append(all, cases.Fault{Path: fmt.Sprintf("people[%d].console_password", i), Text: err.Error()})
			}
		}
	}
	return all
}

// agent is who answers the phone.
func agent(p cases.Person) acd.Agent {
	return acd.Agent{
		User: p.User, Extension: p.Extension, Department: p.Department, RingTime: p.RingTime, Rank: p.Rank,
		Penalty: p.Penalty, Post: p.Post, Weight: p.Weight, Skills: p.Skills,
	}
}

// readPhonebook reads a directory from YAML. The error lists all that is wrong, with
// lines; more is what else is looked for.
func readPhonebook(file string, source []byte, more func(cases.Directory) cases.Faults) (phonebook, error) {
	var b phonebook
	if err := yaml.UnmarshalWithOptions(source, &b, yaml.Strict()); err != nil && !errors.Is(err, io.EOF) {
		return b, fmt.Errorf("%s: %s", file, yaml.FormatError(err, false, true))
	}
	faults := b.faults()
	if more != nil {
		faults = append(faults, more(b.directory())...)
	}
	if len(faults) > 0 {
		return b, errors.New(strings.Join(linesOf(file, source, faults), "\n"))
	}
	return b, nil
}

// linesOf says where in a file each fault is: at the entry, if it does not have the
// field.
func linesOf(file string, source []byte, faults cases.Faults) []string {
	tree, err := parser.ParseBytes(source, 0)
	all := make([]string, len(faults))
	for i, f := range faults {
		all[i] = fmt.Sprintf("%s: %s: %s", file, f.Path, f.Text)
		for path := f.Path; err == nil && path != ""; path = path[:max(0, strings.LastIndex(path, "."))] {
			if line, column, ok := positionOf(tree, path); ok {
				all[i] = fmt.Sprintf("%s: [%d:%d] %s: %s", file, line, column, f.Path, f.Text)
				break
			}
		}
	}
	return all
}

func positionOf(tree *ast.File, path string) (line, column int, ok bool) {
	p, err := yaml.PathString("$." + path)
	if err != nil {
		return 0, 0, false
	}
	node, err := p.FilterFile(tree)
	if err != nil || node == nil || node.GetToken() == nil {
		return 0, 0, false
	}
	at := node.GetToken().Position
	return at.Line, at.Column, true
}

// directoryFile is the directory of an organisation that has none yet: the first start
// makes it the first version.
const directoryFile = "directory.yaml"

// loadPhonebook reads the file of the data directory; false if there is none.
func loadPhonebook(data string, more func(cases.Directory) cases.Faults) (b phonebook, there bool, err error) {
	file := filepath.Join(data, directoryFile)
	source, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return b, false, nil
	}
	if err != nil {
		return b, true, fmt.Errorf("directory: %w", err)
	}
	b, err = readPhonebook(file, source, more)
	return b, true, err
}

// exampleDepartment is where the example people are.
const exampleDepartment = "hotline"

// withExamples adds people with the extensions 1001 and up, of one department, until
// there are n.
func withExamples(d cases.Directory, n int) cases.Directory {
	if len(d.People) >= n {
		return d
	}
	if _, ok := d.Department(exampleDepartment); !ok {
		d.Departments = append(d.Departments[:len(d.Departments):len(d.Departments)], cases.Department{Name: exampleDepartment})
	}
	d.People = d.People[:len(d.People):len(d.People)]
	for number := 1001; len(d.People) < n; number++ {
		user := strconv.Itoa(number)
		_, known := d.Person(user)
		if _, taken := d.Lookup(user); !known && !taken {
			d.People = append(d.People, cases.Person{User: user, Extension: user, Department: exampleDepartment})
		}
	}
	return d
}

// newSecret is n random bytes as lower-case letters and digits.
func newSecret(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b))
}

// writeFile replaces file as a whole, readable by its owner only.
func writeFile(file string, b []byte) error {
	tmp := file + ".tmp"
	if err := os.WriteFile(tmp, b, 0o600); err != nil {
		return fmt.Errorf("write %s: %w", file, err)
	}
	if err := os.Rename(tmp, file); err != nil {
		return fmt.Errorf("write %s: %w", file, err)
	}
	return nil
}
