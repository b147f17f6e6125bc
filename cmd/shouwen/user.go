package main

import (
	"cmp"
	"context"
	"fmt"
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

type userListCmd struct{ directoryAt }

// Run prints the phones.
func (u userListCmd) Run() error {
	return u.with(func(_ context.Context, o openedDirectory) error {
		known, err := loadPasswords(o.data)
		if err != nil {
			return err
		}
		fmt.Printf("%-12s %-10s %-12s %s\n", "user", "extension", "department", "password")
		for _, p := range o.Directory.People {
			fmt.Printf("%-12s %-10s %-12s %s\n", p.User, p.Extension, p.Department, cmp.Or(o.current(known, p.User), "only another machine knows it; shouwen user pass makes a new one"))
		}
		return nil
	})
}

// current returns the password of a phone if it is known; it may have been changed from
// another machine.
func (o openedDirectory) current(known passwords, user string) string {
	for _, s := range o.phones {
		if s.User == user && s != phoneSecret(user, s.Realm, known[user]) {
			return ""
		}
	}
	return known[user]
}

type userAddCmd struct {
	directoryAt
	configured
	User       string `arg:"" help:"Account of the phone."`
	Extension  string `arg:"" optional:"" help:"Its extension; the user if left out."`
	Department string `help:"Department of the agent." default:"hotline"`
	Rank       int    `help:"Seniority; the higher rank wins a tie." default:"0"`
}

// Run adds the phone and prints its password.
func (u userAddCmd) Run() error {
	return u.change(u.configured, func(b *phonebook) (Phone, error) {
		b.People = append(b.People, Phone{Password: newSecret(10), Person: cases.Person{
			User: u.User, Extension: cmp.Or(u.Extension, u.User), Department: u.Department, Rank: u.Rank,
		}})
		return b.People[len(b.People)-1], nil
	})
}

type userDelCmd struct {
	directoryAt
	configured
	User string `arg:"" help:"Account to remove."`
}

// Run removes the phone.
func (u userDelCmd) Run() error {
	return u.change(u.configured, func(b *phonebook) (Phone, error) {
		i, err := b.find(u.User)
		if err == nil {
			b.People = slices.Delete(b.People, i, i+1)
		}
		return Phone{}, err
	})
}

type userPassCmd struct {
	directoryAt
	configured
	User    string `arg:"" help:"Account whose password is replaced."`
	Console bool   `help:"That of the console instead of the phone's; only its hash is kept."`
}

// Run replaces the password and prints it.
func (u userPassCmd) Run() error {
	return u.change(u.configured, func(b *phonebook) (Phone, error) {
		i, err := b.find(u.User)
		if err != nil {
			return Phone{}, err
		}
		secret := newSecret(10)
		if u.Console {
			b.People[i].Console = console.HashPassword(secret)
			fmt.Printf("user %s, extension %s, password of the console %s\n", u.User, b.People[i].Extension, secret)
			return Phone{}, nil
		}
		b.People[i].Password = secret
		return b.People[i], nil
	})
}

// find says where user is.
func (b phonebook) find(user string) (int, error) {
	i := slices.IndexFunc(b.People, func(p Phone) bool { return p.User == user })
	if i < 0 {
		return 0, fmt.Errorf("no phone %q; shouwen user lists them", user)
	}
	return i, nil
}

// change makes another version of the directory, and shows the phone that f returns.
func (at directoryAt) change(c configured, f func(*phonebook) (Phone, error)) error {
	_, check, err := c.check(at.Data)
	if err != nil {
		return err
	}
	return at.with(func(ctx context.Context, o openedDirectory) error {
		b := phonebookOf(o.Directory)
		shown, err := f(&b)
		if err != nil {
			return err
		}
		if faults := append(b.faults(), check(b.directory())...); len(faults) > 0 {
			return faults
		}
		if _, _, err := o.revise(ctx, operator(), b); err != nil {
			return err
		}
		if shown.User != "" {
			fmt.Printf("user %s, extension %s, password %s\n", shown.User, shown.Extension, shown.Password)
		}
		fmt.Println("A running server takes this within seconds.")
		return nil
	})
}
