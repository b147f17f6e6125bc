package store

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/jackc/pgx/v5"
)

// Person is somebody of the organisation. Instead of a password it holds the two
// HA1 of RFC 7616 3.4.2, in lower-case hex, which are as good as the password
// within Realm: never show them.
type Person struct {
	User       string
	Name       string
	Extension  string // nobody else's
	Department string
	Rank       int // the higher wins a tie

	Realm             string
	HA1MD5, HA1SHA256 string
}

// LogValue leaves out the secrets.
func (p Person) LogValue() slog.Value {
	return slog.GroupValue(slog.String("user", p.User), slog.String("extension", p.Extension))
}

// UpsertPeople inserts or replaces people by their User, all or none.
func (s *Store) UpsertPeople(ctx context.Context, people []Person) error {
	var b pgx.Batch
	for _, p := range people {
		b.Queue(`
			insert into person (username, name, extension, department, rank, realm, ha1_md5, ha1_sha256)
			values ($1, $2, $3, $4, $5, $6, $7, $8)
			on conflict (username) do update set
				name = excluded.name, extension = excluded.extension, department = excluded.department, rank = excluded.rank,
				realm = excluded.realm, ha1_md5 = excluded.ha1_md5, ha1_sha256 = excluded.ha1_sha256`,
			p.User, p.Name, p.Extension, p.Department, p.Rank, p.Realm, p.HA1MD5, p.HA1SHA256)
	}
	return s.send(ctx, "save people", &b)
}

// People returns everybody, by extension.
func (s *Store) People(ctx context.Context) ([]Person, error) {
	rows, err := s.db.Query(ctx, `
		select username, name, extension, department, rank, realm, ha1_md5, ha1_sha256
		from person order by extension`)
	if err != nil {
		return nil, fmt.Errorf("people: %w", err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Person])
	if err != nil {
		return nil, fmt.Errorf("people: %w", err)
	}
	return all, nil
}
