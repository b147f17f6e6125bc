package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"

	"shouwen/cases"
	"shouwen/cases/store"
	"shouwen/sip"
)

// passwords are those of the phones, by user, as somebody has to type them into a
// phone. Only this machine has them, in a file that its owner alone may read;
// PostgreSQL has hashes.
type passwords map[string]string

const passwordsFile = "passwords.json"

func loadPasswords(data string) (passwords, error) {
	b, err := os.ReadFile(filepath.Join(data, passwordsFile))
	if errors.Is(err, fs.ErrNotExist) {
		return passwords{}, nil
	}
	all := passwords{}
	if err == nil {
		err = json.Unmarshal(b, &all)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w; remove the file, then give phones new passwords with shouwen user pass", passwordsFile, err)
	}
	return all, nil
}

// keepPasswords adds to the file.
func keepPasswords(data string, more passwords) error {
	if len(more) == 0 {
		return nil
	}
	all, err := loadPasswords(data)
	if err != nil {
		return err
	}
	maps.Copy(all, more)
	b, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return fmt.Errorf("%s: %w", passwordsFile, err)
	}
	return writeFile(filepath.Join(data, passwordsFile), append(b, '\n'))
}

// fill returns p with a new password for everybody in d who has none, and who that is.
func (p passwords) fill(d cases.Directory, has func(user string) bool) (more passwords) {
	more = passwords{}
	for _, person := range d.People {
		if p[person.User] == "" && !has(person.User) {
			more[person.User] = newSecret(10)
		}
	}
	return more
}

// secrets are what phones with these passwords register with in each realm.
func (p passwords) secrets(realms ...string) (all []store.PhoneSecret) {
	for user, password := range p {
		for _, realm := range realms {
			all = append(all, phoneSecret(user, realm, password))
		}
	}
	return all
}

func phoneSecret(user, realm, password string) store.PhoneSecret {
	md5, sha256 := sip.HA1(user, realm, password)
	return store.PhoneSecret{User: user, Realm: realm, MD5: md5, SHA256: sha256}
}
