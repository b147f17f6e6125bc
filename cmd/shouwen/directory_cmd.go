package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"time"

	"github.com/goccy/go-yaml"

	"shouwen/cases"
	"shouwen/cases/store"
)

type directoryCmd struct {
	Apply   directoryApplyCmd   `cmd:"" help:"Make a file the directory, after it was checked."`
	Export  directoryExportCmd  `cmd:"" help:"Write the directory as YAML, without passwords."`
	Import  directoryImportCmd  `cmd:"" help:"Add people from CSV to the directory, or change them."`
	History directoryHistoryCmd `cmd:"" help:"List who changed the directory, when, and what."`
}

// directoryAt is where the directory is that a command is about: beside a server that
// runs, or one that does not.
type directoryAt struct {
	Data     string `help:"Data directory of a running or stopped server." default:"${data}" type:"path"`
	Database string `help:"URL of the PostgreSQL in use, if not an own one." env:"SHOUWEN_DATABASE_URL"`
}

// openedDirectory is the directory with what it takes to make another version of it.
type openedDirectory struct {
	store.DirectoryVersion
	store  *store.Store
	data   string
	phones []store.PhoneSecret
}

// with calls f with the directory as it is.
func (at directoryAt) with(f func(context.Context, openedDirectory) error) error {
	ctx := context.Background()
	if _, err := os.Stat(filepath.Join(at.Data, "postgres")); err != nil && at.Database == "" {
		return fmt.Errorf("no directory in %s: start the server once, or name its folder with --data (%w)", at.Data, err)
	}
	st, done, err := openStore(ctx, at.Data, at.Database, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer done()
	o := openedDirectory{store: st, data: at.Data}
	if o.DirectoryVersion, err = st.Directory(ctx, 0); err != nil {
		if errors.Is(err, store.ErrNotFound) {
			return errors.New("there is no directory yet: start the server once")
		}
		return err
	}
	if o.phones, err = st.Phones(ctx); err != nil {
		return err
	}
	return f(ctx, o)
}

// realms are those that phones register in.
func (o openedDirectory) realms() []string {
	all := map[string]bool{}
	for _, s := range o.phones {
		all[s.Realm] = true
	}
	return slices.Sorted(maps.Keys(all))
}

// revise makes b the directory, and returns the passwords that are new.
func (o openedDirectory) revise(ctx context.Context, by string, b phonebook) (store.DirectoryVersion, passwords, error) {
	file, err := loadPasswords(o.data)
	if err != nil {
		return store.DirectoryVersion{}, nil, err
	}
	d, given := b.directory(), b.passwords()
	more := passwords{}.fill(d, func(user string) bool {
		return given[user] != "" || slices.ContainsFunc(o.phones, func(s store.PhoneSecret) bool { return s.User == user })
	})
	for user := range more {
		more[user] = cmp.Or(file[user], more[user]) // he was there before
	}
	maps.Copy(more, given)
	if err := keepPasswords(o.data, more); err != nil {
		return store.DirectoryVersion{}, nil, err
	}
	v, err := o.store.Revise(ctx, store.Revision{
		Base: o.Version, By: by, Directory: d, Phones: more.secrets(o.realms()...), Console: b.consoleHashes(),
	})
	if errors.Is(err, cases.ErrStale) {
		err = errors.New("somebody else has just changed the directory; try again")
	}
	return v, more, err
}

// operator names who gives a command.
func operator() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return "shouwen directory"
}

// configured is the configuration a directory is checked with.
type configured struct {
	Config string `short:"c" help:"Configuration file that the directory has to go with; that of the running server unless another is named." type:"path"`
}

// check returns the policy of the configuration, and what does not go with it.
func (c configured) check(data string) (cases.Policy, func(cases.Directory) cases.Faults, error) {
	file := c.Config
	if file == "" {
		file = configOf(data)
	}
	cfg := Default()
	if file != "" {
		var err error
		if cfg, err = LoadConfig(file); err != nil {
			return cases.Policy{}, nil, err
		}
	}
	cfg.Data = data
	rules, err := cfg.loadRules()
	if err != nil {
		return cases.Policy{}, nil, err
	}
	return rules.Policy, func(d cases.Directory) cases.Faults {
		if len(d.Check()) > 0 { // first things first
			return nil
		}
		faults := cfg.faults(d)
		if _, err := cfg.reception(d, rules.Policy); err != nil {
			faults = append(faults, cases.Fault{Text: err.Error()})
		}
		return faults
	}, nil
}

// configOf is the configuration file of the server that runs on data; empty: it has
// none, or does not run.
func configOf(data string) string {
	var r Ready
	if b, err := os.ReadFile(filepath.Join(data, readyFile)); err != nil || json.Unmarshal(b, &r) != nil {
		return ""
	}
	return r.Config
}

type directoryApplyCmd struct {
	directoryAt
	configured
	File string `short:"f" required:"" help:"YAML, as export writes it; - reads the standard input." placeholder:"FILE"`
	Dry  bool   `name:"dry-run" help:"Check it, and show only what would change."`
}

// Run makes the file the directory.
func (c directoryApplyCmd) Run() error {
	policy, check, err := c.check(c.Data)
	if err != nil {
		return err
	}
	var source []byte
	if c.File == "-" {
		source, err = io.ReadAll(os.Stdin)
	} else {
		source, err = os.ReadFile(c.File)
	}
	if err != nil {
		return fmt.Errorf("directory: %w", err)
	}
	b, err := readPhonebook(c.File, source, check)
	if err != nil {
		return err
	}
	return c.with(func(ctx context.Context, o openedDirectory) error { return o.apply(ctx, b, policy, c.Dry) })
}

// apply shows what b changes, and what it lacks under a policy, and makes it the directory
// unless it is only to be shown.
func (o openedDirectory) apply(ctx context.Context, b phonebook, p cases.Policy, dry bool) error {
	for _, line := range undescribed(p, b.directory()) {
		fmt.Println(line)
	}
	changes := o.Directory.Changes(b.directory())
	if dry {
		show(changes)
		fmt.Printf("%d changes to version %d; nothing was changed\n", len(changes), o.Version)
		return nil
	}
	v, more, err := o.revise(ctx, operator(), b)
	if err != nil {
		return err
	}
	if v.Version == o.Version {
		fmt.Printf("nothing to change: it is version %d already\n", v.Version)
		return nil
	}
	show(v.Changes)
	fmt.Printf("version %d; a running server takes it within seconds\n", v.Version)
	if len(more) > 0 {
		fmt.Printf("%d phones have new passwords: shouwen user shows them\n", len(more))
	}
	return nil
}

func show(changes []cases.Edit) {
	for _, c := range changes {
		fmt.Println(c)
	}
}

type directoryExportCmd struct {
	directoryAt
	Version int `help:"An old version of it; 0: the newest." default:"0"`
}

// Run prints the directory.
func (c directoryExportCmd) Run() error {
	return c.with(func(ctx context.Context, o openedDirectory) error {
		v, err := o.store.Directory(ctx, c.Version)
		if errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("there is no version %d; the newest is %d", c.Version, o.Version)
		}
		if err != nil {
			return err
		}
		text, err := yaml.Marshal(phonebookOf(v.Directory))
		if err != nil {
			return fmt.Errorf("directory: %w", err)
		}
		fmt.Printf("# version %d, %s, by %s\n%s", v.Version, v.At.Local().Format(time.DateTime), v.By, text)
		return nil
	})
}

type directoryImportCmd struct {
	directoryAt
	configured
	File string `arg:"" help:"CSV (UTF-8) with a first line that names its columns." type:"existingfile"`
	Dry  bool   `name:"dry-run" help:"Check it, and show only what would change."`
}

// Run adds the people of the file to the directory.
func (c directoryImportCmd) Run() error {
	policy, check, err := c.check(c.Data)
	if err != nil {
		return err
	}
	source, err := os.ReadFile(c.File)
	if err != nil {
		return fmt.Errorf("directory: %w", err)
	}
	return c.with(func(ctx context.Context, o openedDirectory) error {
		d, err := importPeople(c.File, bytes.NewReader(source), o.Directory, check)
		if err != nil {
			return err
		}
		return o.apply(ctx, phonebookOf(d), policy, c.Dry)
	})
}

type directoryHistoryCmd struct {
	directoryAt
	Limit int `help:"How many versions to list, the newest first." default:"20"`
}

// Run lists the versions.
func (c directoryHistoryCmd) Run() error {
	return c.with(func(ctx context.Context, o openedDirectory) error {
		all, err := o.store.DirectoryHistory(ctx, 0, c.Limit)
		if err != nil {
			return err
		}
		for _, v := range all {
			fmt.Printf("version %d  %s  by %s\n", v.Version, v.At.Local().Format(time.DateTime), v.By)
			for _, change := range v.Changes {
				fmt.Printf("  %s\n", change)
			}
		}
		return nil
	})
}
