package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"shouwen/cases"
	"shouwen/cases/console"
)

type userCmd struct {
	List userListCmd `cmd:"" default:"withargs" help:"Show the phones with their passwords."`
	Add  userAddCmd  `cmd:"" help:"Add a phone with a generated password."`
	Del  userDelCmd  `cmd:"" help:"Remove a phone."`
	Pass userPassCmd `cmd:"" help:"Give a phone, or who has it in the console, a new generated password."`
}

// userData is where the directory of the user commands lies.
type userData struct {
	Data string `help:"Data directory." default:"${data}"`
}

func (u userData) load() (phonebook, error) {
	if _, err := os.Stat(filepath.Join(u.Data, directoryFile)); err != nil {
		return phonebook{}, fmt.Errorf("no directory in %s: start the server once, or name its folder with --data (%w)", u.Data, err)
	}
	return loadPhonebook(u.Data, 0)
}

// find loads the directory and says where user is in it.
func (u userData) find(user string) (b phonebook, at int, err error) {
	if b, err = u.load(); err != nil {
		return b, 0, err
	}
	at = slices.IndexFunc(b.People, func(p Phone) bool { return p.User == user })
	if at < 0 {
		return b, 0, fmt.Errorf("no phone %q; shouwen user lists them", user)
	}
	return b, at, nil
}

type userListCmd struct{ userData }

// Run prints the directory.
func (u userListCmd) Run() error {
	b, err := u.load()
	if err != nil {
		return err
	}
	fmt.Printf("%-12s %-10s %-12s %s\n", "user", "extension", "department", "password")
	for _, p := range b.People {
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
	b, err := u.load()
	if err != nil {
		return err
	}
	p := Phone{
		Person:   cases.Person{User: u.User, Extension: cmp.Or(u.Extension, u.User), Department: u.Department, Rank: u.Rank},
		Password: newSecret(10),
	}
	b.People = append(b.People, p)
	return u.save(b, p)
}

type userDelCmd struct {
	userData
	User string `arg:"" help:"Account to remove."`
}

// Run removes the phone.
func (u userDelCmd) Run() error {
	b, i, err := u.find(u.User)
	if err != nil {
		return err
	}
	b.People = slices.Delete(b.People, i, i+1)
	return u.save(b, Phone{})
}

type userPassCmd struct {
	userData
	User    string `arg:"" help:"Account whose password is replaced."`
	Console bool   `help:"That of the console instead of the phone's; only its hash is kept."`
}

// Run replaces the password and prints it.
func (u userPassCmd) Run() error {
	b, i, err := u.find(u.User)
	if err != nil {
		return err
	}
	if u.Console {
		secret := newSecret(10)
		b.People[i].Console = console.HashPassword(secret)
		fmt.Printf("user %s, extension %s, password of the console %s\n", u.User, b.People[i].Extension, secret)
		return u.save(b, Phone{})
	}
	b.People[i].Password = newSecret(10)
	return u.save(b, b.People[i])
}

func (u userData) save(b phonebook, shown Phone) error {
	if err := b.check(); err != nil {
		return err
	}
	if err := b.save(u.Data); err != nil {
		return err
	}
	if shown.User != "" {
		fmt.Printf("user %s, extension %s, password %s\n", shown.User, shown.Extension, shown.Password)
	}
	fmt.Println("A running server takes this when it starts again.")
	return nil
}
