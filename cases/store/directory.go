package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"shouwen/cases"
)

// DirectoryVersion is the directory as it was from a moment on, until the next.
type DirectoryVersion struct {
	Version   int // from 1
	At        time.Time
	By        string          // user, or who gave the command
	Changes   []cases.Edit    // since the one before
	Directory cases.Directory // left out by DirectoryHistory
}

// PhoneSecret is what a phone registers with: instead of the password the two HA1 of
// RFC 7616 3.4.2, in lower-case hex, which are as good as it within Realm. Never show
// them.
type PhoneSecret struct {
	User, Realm string
	MD5, SHA256 string
}

// LogValue leaves out the secrets.
func (p PhoneSecret) LogValue() slog.Value { return slog.StringValue(p.User) }

// Revision is what makes a version of the directory from the one before.
type Revision struct {
	Base      int    // that it was made from; 0: there was none
	By        string // user, or who gave the command
	Directory cases.Directory

	Phones  []PhoneSecret     // new passwords, for every realm they are used in
	Console map[string]string // by user: hashes of new ones
}

// Directory returns a version of the directory; 0: the newest. The error wraps
// ErrNotFound if there is none.
func (s *Store) Directory(ctx context.Context, version int) (DirectoryVersion, error) {
	return directory(ctx, s.db, version)
}

func directory(ctx context.Context, db querier, version int) (d DirectoryVersion, err error) {
	rows, err := db.Query(ctx, `
		select version, at, by, changes, document from directory_version
		where $1 = 0 or version = $1 order by version desc limit 1`, version)
	if err == nil {
		d, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[DirectoryVersion])
	}
	if errors.Is(err, pgx.ErrNoRows) {
		err = ErrNotFound
	}
	if err != nil {
		return d, fmt.Errorf("directory: %w", err)
	}
	return d, nil
}

// LatestDirectory returns the number of the newest version; 0: there is none.
func (s *Store) LatestDirectory(ctx context.Context) (version int, err error) {
	err = s.db.QueryRow(ctx, `select coalesce(max(version), 0) from directory_version`).Scan(&version)
	if err != nil {
		return 0, fmt.Errorf("directory: %w", err)
	}
	return version, nil
}

// DirectoryHistory returns the versions before one, the newest first, at most limit;
// 0: from the newest on.
func (s *Store) DirectoryHistory(ctx context.Context, before, limit int) ([]DirectoryVersion, error) {
	rows, err := s.db.Query(ctx, `
		select version, at, by, changes from directory_version
		where $1 = 0 or version < $1 order by version desc limit $2`, before, limit)
	return collect("directory", rows, err, func(row pgx.CollectableRow) (d DirectoryVersion, err error) {
		err = row.Scan(&d.Version, &d.At, &d.By, &d.Changes)
		return d, err
	})
}

// Revise makes a version of the directory, which passed its check, and returns it. The
// error wraps cases.ErrStale if the newest is not the base any more. Where nothing
// changes there is no version, and what is returned is the base.
func (s *Store) Revise(ctx context.Context, r Revision) (is DirectoryVersion, err error) {
	err = pgx.BeginFunc(ctx, s.db, func(tx pgx.Tx) error {
		was, err := directory(ctx, tx, 0)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		if was.Version != r.Base {
			return cases.ErrStale
		}
		changed := was.Directory.Changes(r.Directory)
		secrets, err := changedSecrets(ctx, tx, r, was.Directory)
		if err != nil {
			return err
		}
		if changed = append(changed, secrets...); len(changed) == 0 && was.Version > 0 {
			is = was
			return nil
		}
		is = DirectoryVersion{Version: was.Version + 1, By: cases.Clean(r.By), Changes: append([]cases.Edit{}, changed...), Directory: r.Directory}
		err = tx.QueryRow(ctx, `insert into directory_version (version, by, changes, document) values ($1, $2, $3, $4) returning at`,
			is.Version, is.By, is.Changes, is.Directory).Scan(&is.At)
		if err != nil {
			return err
		}
		var b pgx.Batch
		queuePeople(&b, r.Directory)
		queueSecrets(&b, r)
		return tx.SendBatch(ctx, &b).Close()
	})
	const uniqueViolation = "23505" // somebody was quicker
	if refused, ok := errors.AsType[*pgconn.PgError](err); ok && refused.Code == uniqueViolation {
		err = cases.ErrStale
	}
	if err != nil {
		return DirectoryVersion{}, fmt.Errorf("revise the directory: %w", err)
	}
	return is, nil
}

// changedSecrets lists whose passwords a revision changes, of people there were before.
func changedSecrets(ctx context.Context, tx pgx.Tx, r Revision, was cases.Directory) (all []cases.Edit, err error) {
	change := func(user, field string) {
		if _, known := was.Person(user); known {
			all = append(all, cases.Edit{Of: cases.EntryPerson, Name: user, Kind: cases.Changed, Field: field})
		}
	}
	seen := map[string]bool{}
	for _, p := range r.Phones {
		if !seen[p.User] {
			change(p.User, "password")
		}
		seen[p.User] = true
	}
	hashes, err := consoleSecrets(ctx, tx)
	if err != nil {
		return nil, err
	}
	for _, p := range r.Directory.People {
		if hash, given := r.Console[p.User]; given && hash != hashes[p.User] {
			change(p.User, "console_password")
		}
	}
	return all, nil
}

// queuePeople keeps what is counted by.
func queuePeople(b *pgx.Batch, d cases.Directory) {
	for _, p := range d.People {
		b.Queue(`
			insert into person (username, name, extension, department, rank) values ($1, $2, $3, $4, $5)
			on conflict (username) do update set
				name = excluded.name, extension = excluded.extension, department = excluded.department, rank = excluded.rank`,
			p.User, cmp.Or(p.Name, p.User), p.Extension, p.Department, p.Rank)
	}
}

// queueSecrets stores the passwords of a revision, and forgets those of who is gone.
func queueSecrets(b *pgx.Batch, r Revision) {
	users, renewed := []string{}, []string{}
	for _, p := range r.Directory.People {
		users = append(users, p.User)
	}
	for _, p := range r.Phones {
		renewed = append(renewed, p.User)
	}
	b.Queue(`delete from phone_secret where not username = any($1) or username = any($2)`, users, renewed)
	b.Queue(`delete from console_secret where not username = any($1)`, users)
	queuePhones(b, r.Phones)
	for user, hash := range r.Console {
		b.Queue(`insert into console_secret (username, hash) values ($1, $2)
			on conflict (username) do update set hash = excluded.hash`, user, hash)
	}
}

func queuePhones(b *pgx.Batch, all []PhoneSecret) {
	for _, p := range inOrder(all, func(a, b PhoneSecret) int { return cmp.Or(cmp.Compare(a.User, b.User), cmp.Compare(a.Realm, b.Realm)) }) {
		b.Queue(`insert into phone_secret (username, realm, ha1_md5, ha1_sha256) values ($1, $2, $3, $4)
			on conflict (username, realm) do update set ha1_md5 = excluded.ha1_md5, ha1_sha256 = excluded.ha1_sha256`,
			p.User, p.Realm, p.MD5, p.SHA256)
	}
}

// KeepPhones stores what phones register with in a realm that is new: the passwords are
// as they were.
func (s *Store) KeepPhones(ctx context.Context, all []PhoneSecret) error {
	var b pgx.Batch
	queuePhones(&b, all)
	return s.send(ctx, "keep phones", &b)
}

// Phones returns what phones register with, in every realm.
func (s *Store) Phones(ctx context.Context) ([]PhoneSecret, error) {
	rows, err := s.db.Query(ctx, `select username, realm, ha1_md5, ha1_sha256 from phone_secret order by username, realm`)
	return collect("phones", rows, err, pgx.RowToStructByPos[PhoneSecret])
}

// ConsoleSecrets returns the hashes of those who may sign in to the console, by user.
func (s *Store) ConsoleSecrets(ctx context.Context) (map[string]string, error) {
	return consoleSecrets(ctx, s.db)
}

func consoleSecrets(ctx context.Context, db querier) (map[string]string, error) {
	rows, err := db.Query(ctx, `select username, hash from console_secret`)
	if err != nil {
		return nil, fmt.Errorf("console secrets: %w", err)
	}
	all := map[string]string{}
	var user, hash string
	_, err = pgx.ForEachRow(rows, []any{&user, &hash}, func() error {
		all[user] = hash
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("console secrets: %w", err)
	}
	return all, nil
}
