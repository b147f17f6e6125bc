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

	"shouwen/cases"
	"shouwen/cases/console"
	"shouwen/ivr/acd"
	"shouwen/sip"
)

// phonebook is the directory with the passwords of the phones, as its file has it.
type phonebook struct {
	Departments []cases.Department `yaml:"departments"`
	Categories  []cases.Category   `yaml:"categories,omitempty"`
	People      []Phone            `yaml:"people"`
}

// Phone is a person and the password his phone registers with.
type Phone struct {
	cases.Person `yaml:",inline"`
	Password     string `yaml:"password"`
	Console      string `yaml:"console_password,omitempty"` // hash of the password he signs in to the console with; see console.HashPassword
	RequireTLS   bool   `yaml:"require_tls,omitempty"`      // whatever all phones may do
	SRTP         string `yaml:"srtp,omitempty"`             // off, offer or require; empty: as all phones
}

// directory is the phonebook without passwords.
func (b phonebook) directory() cases.Directory {
	d := cases.Directory{Departments: b.Departments, Categories: b.Categories}
	for _, p := range b.People {
		d.People = append(d.People, p.Person)
	}
	return d
}

// consolePasswords are the hashes of those who may sign in to the console, by user.
func (b phonebook) consolePasswords() map[string]string {
	hashes := map[string]string{}
	for _, p := range b.People {
		if p.Console != "" {
			hashes[p.User] = p.Console
		}
	}
	return hashes
}

// agent is who answers the phone.
func agent(p cases.Person) acd.Agent {
	return acd.Agent{
		User: p.User, Extension: p.Extension, Department: p.Department, RingTime: p.RingTime, Rank: p.Rank,
		Penalty: p.Penalty, Post: p.Post, Weight: p.Weight, Skills: p.Skills,
	}
}

// directoryFile holds the directory with its passwords, readable by its owner
// only; what is kept anywhere else is HA1.
const directoryFile = "directory.yaml"

// loadPhonebook reads the directory of data; without one it makes an example. When
// fewer than n people are in it, it adds examples with generated passwords.
func loadPhonebook(data string, n int) (phonebook, error) {
	file := filepath.Join(data, directoryFile)
	var b phonebook
	source, err := os.ReadFile(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		b = examplePhonebook(n)
		return b, b.save(data)
	case err != nil:
		return b, fmt.Errorf("directory: %w", err)
	}
	if err := yaml.UnmarshalWithOptions(source, &b, yaml.Strict()); err != nil && !errors.Is(err, io.EOF) {
		return b, fmt.Errorf("%s: %s", file, yaml.FormatError(err, false, true))
	}
	missing := n - len(b.People)
	if missing > 0 { // more were asked for than last time
		b.People = append(b.People, examplePhonebook(n).People[len(b.People):]...)
		if _, ok := b.directory().Department(exampleDepartment); !ok {
			b.Departments = append(b.Departments, cases.Department{Name: exampleDepartment})
		}
	}
	if err := b.check(); err != nil {
		return b, fmt.Errorf("%s: %w", file, err)
	}
	if missing > 0 {
		return b, b.save(data)
	}
	return b, nil
}

// check checks what the file says by itself, without the configuration.
func (b phonebook) check() error {
	for i, p := range b.People {
		if p.Password == "" {
			return fmt.Errorf("person %d: %s has no password; shouwen user pass %[2]s makes one", i+1, p.User)
		}
		if p.Console != "" {
			if err := console.CheckHash(p.Console); err != nil {
				return fmt.Errorf("person %d: console_password of %s %w", i+1, p.User, err)
			}
		}
		if p.SRTP != "" && !knownSRTP(sip.SRTP(p.SRTP)) {
			return fmt.Errorf("person %d: srtp of %s is %q, want off, offer or require", i+1, p.User, p.SRTP)
		}
	}
	return b.directory().Check()
}

func (b phonebook) save(data string) error {
	text, err := yaml.Marshal(b)
	if err != nil {
		return fmt.Errorf("directory: %w", err)
	}
	return writeFile(filepath.Join(data, directoryFile), text)
}

// exampleDepartment is where the example people are.
const exampleDepartment = "hotline"

// examplePhonebook has the extensions 1001 and up, of one department.
func examplePhonebook(n int) phonebook {
	b := phonebook{Departments: []cases.Department{{Name: exampleDepartment}}, People: make([]Phone, n)}
	for i := range b.People {
		ext := strconv.Itoa(1001 + i)
		b.People[i] = Phone{Person: cases.Person{User: ext, Extension: ext, Department: exampleDepartment}, Password: newSecret(10)}
	}
	return b
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
