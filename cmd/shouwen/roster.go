package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"shouwen/cases"
	"shouwen/cases/poll"
	"shouwen/cases/store"
	"shouwen/sip"
)

// rosterFile is the last known directory, for a start without PostgreSQL.
const rosterFile = "directory.json"

// rosterInterval is how soon a version that somebody made elsewhere is taken.
const rosterInterval = time.Second

// roster is who is who at this server: the newest version of the directory in
// PostgreSQL that goes with the configuration. Methods that read are safe from any
// goroutine; fits and took are set before run.
type roster struct {
	data, realm string
	least       int          // people there are to be, examples included
	security    sip.Security // of all phones
	log         *slog.Logger
	fits        func(cases.Directory) cases.Faults // with the configuration
	took        func(edition)                      // is told of another version

	now atomic.Pointer[edition]

	mu      sync.Mutex // one change at a time; guards what follows
	store   *store.Store
	by      string // who made what is to be the first version, if PostgreSQL has none
	refused int    // version that does not go with the configuration; 0: none
}

// edition is a version of the directory, and what proves who its people are.
type edition struct {
	Version   int                 `json:"version"` // 0: PostgreSQL does not have it yet
	Directory cases.Directory     `json:"directory"`
	Phones    []store.PhoneSecret `json:"phones"`  // of this realm
	Console   map[string]string   `json:"console"` // hashes, by user

	accounts  map[string]sip.Account // by user
	passwords passwords              // those this machine knows
}

// openRoster returns the roster as this machine knows it. Without any, it is the file
// of the data directory, or else examples.
func openRoster(r *roster) (*roster, error) {
	known, err := loadPasswords(r.data)
	if err != nil {
		return nil, err
	}
	if e, err := lastKnown(r.data); !errors.Is(err, fs.ErrNotExist) {
		if err != nil {
			return nil, err
		}
		r.by = "last known copy"
		var missing passwords // the domain may be new
		e.Phones, missing = r.phones(e.Directory, e.Phones, known)
		e.Phones = append(e.Phones, missing.secrets(r.realm)...)
		return r, r.publish(e, known)
	}
	b, there, err := loadPhonebook(r.data, r.fits)
	if err != nil {
		return nil, err
	}
	if r.by = "shouwen serve"; there {
		r.by = directoryFile
	}
	d := withExamples(b.directory(), r.least)
	given := b.passwords()
	for user, password := range known.fill(d, func(user string) bool { return given[user] != "" }) {
		given[user] = password
	}
	if err := keepPasswords(r.data, given); err != nil {
		return nil, err
	}
	if known, err = loadPasswords(r.data); err != nil {
		return nil, err
	}
	return r, r.publish(edition{Directory: d, Phones: known.of(d).secrets(r.realm), Console: b.consoleHashes()}, known)
}

// lastKnown is the directory that was in force last; the error wraps fs.ErrNotExist if
// there was none.
func lastKnown(data string) (e edition, err error) {
	b, err := os.ReadFile(filepath.Join(data, rosterFile))
	if err == nil {
		err = json.Unmarshal(b, &e)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%s: %w; remove the file: PostgreSQL has the directory", rosterFile, err)
	}
	return e, err
}

// of returns the passwords of people in d.
func (p passwords) of(d cases.Directory) passwords {
	some := passwords{}
	for _, person := range d.People {
		if password := p[person.User]; password != "" {
			some[person.User] = password
		}
	}
	return some
}

// publish makes e what everybody sees.
func (r *roster) publish(e edition, known passwords) error {
	e.accounts, e.passwords = map[string]sip.Account{}, passwords{}
	for _, s := range e.Phones {
		p, ok := e.Directory.Person(s.User)
		if !ok || s.Realm != r.realm {
			continue
		}
		e.accounts[p.User] = sip.Account{User: p.User, Extension: p.Extension, HA1MD5: s.MD5, HA1SHA256: s.SHA256, Security: phoneSecurity(p, r.security)}
		if s == phoneSecret(p.User, r.realm, known[p.User]) {
			e.passwords[p.User] = known[p.User]
		}
	}
	r.now.Store(&e)
	if e.Version == 0 {
		return nil
	}
	b, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("%s: %w", rosterFile, err)
	}
	return writeFile(filepath.Join(r.data, rosterFile), b)
}

// Account implements sip.Accounts.
func (r *roster) Account(user string) (sip.Account, bool) {
	a, ok := r.now.Load().accounts[user]
	return a, ok
}

func (r *roster) directory() cases.Directory { return r.now.Load().Directory }

func (r *roster) consoleHashes() map[string]string { return r.now.Load().Console }

// meet makes the roster what PostgreSQL has, or the first version of what this machine
// has. It is called when the database is there.
func (r *roster) meet(ctx context.Context, st *store.Store) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.store = st
	v, err := st.Directory(ctx, 0)
	if errors.Is(err, store.ErrNotFound) {
		v, err = r.begin(ctx)
	}
	if err != nil {
		return err
	}
	if d := withExamples(v.Directory, r.least); len(d.People) > len(v.Directory.People) {
		if v, err = r.revise(ctx, store.Revision{Base: v.Version, By: "shouwen serve --agents", Directory: d}); err != nil {
			return err
		}
	}
	if _, err := os.Stat(filepath.Join(r.data, directoryFile)); err == nil {
		r.log.Warn("directory.yaml is not read: the directory is in PostgreSQL; shouwen directory apply takes a file", "version", v.Version)
	}
	return r.take(ctx, v)
}

// begin makes what this machine has the first version.
func (r *roster) begin(ctx context.Context) (store.DirectoryVersion, error) {
	e := r.now.Load()
	v, err := r.store.Revise(ctx, store.Revision{By: r.by, Directory: e.Directory, Phones: e.Phones, Console: e.Console})
	if err != nil {
		return v, err
	}
	r.log.Info("directory is kept in PostgreSQL from now on", "version", v.Version, "from", r.by)
	if r.by == directoryFile {
		file := filepath.Join(r.data, directoryFile)
		if err := os.Rename(file, file+".applied"); err != nil {
			r.log.Error("file of the directory stays, though it is not read any more", "err", err)
		}
	}
	return v, nil
}

// revise makes a version, with passwords for who has none.
func (r *roster) revise(ctx context.Context, x store.Revision) (store.DirectoryVersion, error) {
	known, err := r.store.Phones(ctx)
	if err != nil {
		return store.DirectoryVersion{}, err
	}
	file, err := loadPasswords(r.data)
	if err != nil {
		return store.DirectoryVersion{}, err
	}
	more := file.fill(x.Directory, func(user string) bool {
		return slices.ContainsFunc(known, func(s store.PhoneSecret) bool { return s.User == user })
	})
	if err := keepPasswords(r.data, more); err != nil {
		return store.DirectoryVersion{}, err
	}
	x.Phones = append(x.Phones, more.secrets(r.realm)...)
	return r.store.Revise(ctx, x)
}

// take makes v the roster, unless it does not go with the configuration.
func (r *roster) take(ctx context.Context, v store.DirectoryVersion) error {
	if faults := r.fits(v.Directory); len(faults) > 0 && r.took != nil { // at the start, whoever starts is told
		r.refused = v.Version
		r.log.Error("directory does not go with the configuration: the one before it stays in force", "version", v.Version, "by", v.By, "err", faults)
		return nil
	}
	e := edition{Version: v.Version, Directory: v.Directory}
	known, err := loadPasswords(r.data)
	if err != nil {
		return err
	}
	all, err := r.store.Phones(ctx)
	if err != nil {
		return err
	}
	var missing passwords
	if e.Phones, missing = r.phones(v.Directory, all, known); len(missing) > 0 {
		more := missing.secrets(r.realm)
		if err := r.store.KeepPhones(ctx, more); err != nil {
			return err
		}
		e.Phones = append(e.Phones, more...)
	}
	if e.Console, err = r.store.ConsoleSecrets(ctx); err != nil {
		return err
	}
	if err := r.publish(e, known); err != nil {
		r.log.Error("last known directory not kept", "err", err)
	}
	r.refused = 0
	if r.took != nil {
		r.log.Info("directory is in force", "version", v.Version, "by", v.By, "changes", len(v.Changes))
		r.took(e)
	}
	return nil
}

// phones returns what phones register with in this realm, and whose passwords are known
// but not that.
func (r *roster) phones(d cases.Directory, all []store.PhoneSecret, known passwords) (here []store.PhoneSecret, missing passwords) {
	missing = passwords{}
	for _, p := range d.People {
		i := slices.IndexFunc(all, func(s store.PhoneSecret) bool { return s.User == p.User && s.Realm == r.realm })
		switch {
		case i >= 0:
			here = append(here, all[i])
		case known[p.User] != "":
			missing[p.User] = known[p.User]
		default:
			r.log.Warn("phone has no password for this domain; shouwen user pass makes one", "user", p.User, "domain", r.realm)
		}
	}
	return here, missing
}

// run takes the versions that are made elsewhere, until ctx ends.
func (r *roster) run(ctx context.Context) error {
	return poll.Loop{What: "newest directory", Every: rosterInterval, Log: r.log, Do: r.refresh}.Run(ctx)
}

// refresh takes the newest version.
func (r *roster) refresh(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.store == nil { // not met yet
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	newest, err := r.store.LatestDirectory(ctx)
	if err != nil || newest == r.now.Load().Version || newest == r.refused {
		return err
	}
	v, err := r.store.Directory(ctx, 0)
	if err != nil {
		return err
	}
	return r.take(ctx, v)
}

// Version implements console.Directories.
func (r *roster) Version() int { return r.now.Load().Version }

// Revise implements console.Directories.
func (r *roster) Revise(ctx context.Context, d cases.Directory, base int, by string, dry bool) (store.DirectoryVersion, error) {
	faults := d.Check()
	if len(faults) == 0 {
		faults = r.fits(d)
	}
	if len(faults) > 0 {
		return store.DirectoryVersion{}, faults
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.store == nil {
		return store.DirectoryVersion{}, errors.New("the database has not been there yet")
	}
	if dry {
		was, err := r.store.Directory(ctx, 0)
		if err == nil && was.Version != base {
			err = cases.ErrStale
		}
		return store.DirectoryVersion{Version: was.Version, Changes: was.Directory.Changes(d)}, err
	}
	v, err := r.revise(ctx, store.Revision{Base: base, By: by, Directory: d})
	if err != nil || v.Version == base {
		return v, err
	}
	return v, r.take(ctx, v)
}
