package main

import (
	"crypto/rand"
	"encoding/base32"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"

	"shouwen/ivr/acd"
)

// Phone is one account a SIP phone may register with, and the agent who has it.
type Phone struct {
	User       string `yaml:"user"`
	Extension  string `yaml:"extension"`
	Department string `yaml:"department"`
	Rank       int    `yaml:"rank"`
	Password   string `yaml:"password"`

	Penalty int            `yaml:"penalty,omitempty"` // 0: rung at once; n: a stand-in, after n times overflow_after
	Post    string         `yaml:"post,omitempty"`    // its stand-ins are rung at once while its primaries are away
	Weight  int            `yaml:"weight,omitempty"`  // share of calls with the strategy weighted_random; 0: 1
	Skills  map[string]int `yaml:"skills,omitempty"`  // with levels, from 1
}

// agent is who answers the phone.
func (p Phone) agent() acd.Agent {
	return acd.Agent{
		User: p.User, Extension: p.Extension, Department: p.Department, Rank: p.Rank,
		Penalty: p.Penalty, Post: p.Post, Weight: p.Weight, Skills: p.Skills,
	}
}

const (
	maxPenalty = 10
	maxWeight  = 1000
)

// phonesFile holds the directory with its passwords, readable by its owner only;
// what is kept anywhere else is HA1.
const phonesFile = "phones.yaml"

// loadPhones reads the directory of data; without one it makes an example of n
// phones with generated passwords.
func loadPhones(data string, n int) ([]Phone, error) {
	file := filepath.Join(data, phonesFile)
	b, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		phones := examplePhones(n)
		return phones, savePhones(data, phones)
	}
	if err != nil {
		return nil, fmt.Errorf("directory: %w", err)
	}
	var phones []Phone
	if err := yaml.UnmarshalWithOptions(b, &phones, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("%s: %s", file, yaml.FormatError(err, false, true))
	}
	if err := checkPhones(phones); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if missing := n - len(phones); missing > 0 { // more were asked for than last time
		phones = append(phones, examplePhones(n)[len(phones):]...)
		if err := checkPhones(phones); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		return phones, savePhones(data, phones)
	}
	return phones, nil
}

func savePhones(data string, phones []Phone) error {
	b, err := yaml.Marshal(phones)
	if err != nil {
		return fmt.Errorf("directory: %w", err)
	}
	return writeFile(filepath.Join(data, phonesFile), b)
}

// examplePhones are the extensions 1001 and up of one department.
func examplePhones(n int) []Phone {
	phones := make([]Phone, n)
	for i := range phones {
		ext := strconv.Itoa(1001 + i)
		phones[i] = Phone{User: ext, Extension: ext, Department: "hotline", Password: newSecret(10)}
	}
	return phones
}

func checkPhones(phones []Phone) error {
	users, extensions := map[string]bool{}, map[string]bool{}
	for i, p := range phones {
		switch {
		case p.User == "" || p.Extension == "" || p.Password == "":
			return fmt.Errorf("phone %d: user, extension and password are needed", i+1)
		case strings.ContainsAny(p.User+p.Extension, " @:;,<>\"\r\n\t"):
			return fmt.Errorf("phone %d: %q cannot stand in a SIP address", i+1, p.User)
		case users[p.User] || extensions[p.Extension]:
			return fmt.Errorf("phone %d: user %s or extension %s is there twice", i+1, p.User, p.Extension)
		}
		users[p.User], extensions[p.Extension] = true, true
		if err := checkDuty(p, phones); err != nil {
			return fmt.Errorf("phone %d: %w", i+1, err)
		}
	}
	return nil
}

// checkDuty checks what decides when the agent is rung.
func checkDuty(p Phone, all []Phone) error {
	if p.Penalty < 0 || p.Penalty > maxPenalty {
		return fmt.Errorf("penalty of %s is %d, want 0 to %d", p.User, p.Penalty, maxPenalty)
	}
	if p.Weight < 0 || p.Weight > maxWeight {
		return fmt.Errorf("weight of %s is %d, want 0 to %d", p.User, p.Weight, maxWeight)
	}
	for skill, level := range p.Skills {
		if level < 1 {
			return fmt.Errorf("skill %s of %s has level %d, want 1 or more", skill, p.User, level)
		}
	}
	if p.Post != "" && !slices.ContainsFunc(all, func(o Phone) bool { return o.Post == p.Post && o.Penalty == 0 }) {
		return fmt.Errorf("post %s of %s has no primary; give one of its phones penalty 0", p.Post, p.User)
	}
	return nil
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

type userCmd struct {
	List userListCmd `cmd:"" default:"withargs" help:"Show the phones with their passwords."`
	Add  userAddCmd  `cmd:"" help:"Add a phone with a generated password."`
	Del  userDelCmd  `cmd:"" help:"Remove a phone."`
	Pass userPassCmd `cmd:"" help:"Give a phone a new generated password."`
}

// userData is where the directory of the user commands lies.
type userData struct {
	Data string `help:"Data directory." default:"${data}"`
}

func (u userData) load() ([]Phone, error) {
	if _, err := os.Stat(filepath.Join(u.Data, phonesFile)); err != nil {
		return nil, fmt.Errorf("no directory in %s: start the server once, or name its folder with --data (%w)", u.Data, err)
	}
	return loadPhones(u.Data, 0)
}

// find loads the directory and says where user is in it.
func (u userData) find(user string) (phones []Phone, at int, err error) {
	if phones, err = u.load(); err != nil {
		return nil, 0, err
	}
	at = slices.IndexFunc(phones, func(p Phone) bool { return p.User == user })
	if at < 0 {
		return nil, 0, fmt.Errorf("no phone %q; shouwen user lists them", user)
	}
	return phones, at, nil
}

type userListCmd struct{ userData }

// Run prints the directory.
func (u userListCmd) Run() error {
	phones, err := u.load()
	if err != nil {
		return err
	}
	fmt.Printf("%-12s %-10s %-12s %s\n", "user", "extension", "department", "password")
	for _, p := range phones {
		fmt.Printf("%-12s %-10s %-12s %s\n", p.User, p.Extension, p.Department, p.Password)
	}
	return nil
}

type userAddCmd struct {
	userData
	User       string `arg:"" help:"Account of the phone."`
	Extension  string `arg:"" optional:"" help:"Its extension; the user if left out."`
	Department string `help:"Department of the agent." default:"hotline"`
	Rank       int    `help:"Seniority; the higher rank wins a tie." default:"0"`
}

// Run adds the phone and prints its password.
func (u userAddCmd) Run() error {
	phones, err := u.load()
	if err != nil {
		return err
	}
	p := Phone{User: u.User, Extension: u.Extension, Department: u.Department, Rank: u.Rank, Password: newSecret(10)}
	if p.Extension == "" {
		p.Extension = p.User
	}
	return u.save(append(phones, p), p)
}

type userDelCmd struct {
	userData
	User string `arg:"" help:"Account to remove."`
}

// Run removes the phone.
func (u userDelCmd) Run() error {
	phones, i, err := u.find(u.User)
	if err != nil {
		return err
	}
	return u.save(slices.Delete(phones, i, i+1), Phone{})
}

type userPassCmd struct {
	userData
	User string `arg:"" help:"Account whose password is replaced."`
}

// Run replaces the password and prints it.
func (u userPassCmd) Run() error {
	phones, i, err := u.find(u.User)
	if err != nil {
		return err
	}
	phones[i].Password = newSecret(10)
	return u.save(phones, phones[i])
}

func (u userData) save(phones []Phone, shown Phone) error {
	if err := checkPhones(phones); err != nil {
		return err
	}
	if err := savePhones(u.Data, phones); err != nil {
		return err
	}
	if shown.User != "" {
		fmt.Printf("user %s, extension %s, password %s\n", shown.User, shown.Extension, shown.Password)
	}
	fmt.Println("A running server takes this when it starts again.")
	return nil
}
