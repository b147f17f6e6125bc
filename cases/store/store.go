// Package store keeps calls, cases and their ledger, bindings and people in
// PostgreSQL. It holds all SQL of Shouwen.
package store

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/tern/v2/migrate"

	"shouwen/cases"
)

var (
	// ErrNotFound reports that there is no such row.
	ErrNotFound = errors.New("not found")

	// ErrNewerSchema reports a database that a newer Shouwen has migrated.
	ErrNewerSchema = errors.New("the database belongs to a newer Shouwen")
)

// Store is the database. Its methods may be called from any goroutine; while the
// database is away they return errors and recover when it is back.
type Store struct {
	Log   *slog.Logger   // of rejected facts; slog.Default() unless set before use
	Rules cases.Rulebook // what cases are held to; set before use, else nothing but callbacks has a clock
	Node  int            // of this program; distinct, so that nobody waits for the counters of another
	Watch Watch          // is told what the database is asked; set before use, else nobody is

	db *pgxpool.Pool
}

// Open returns the store of the database at url (postgres://…). It does not
// connect, so it succeeds while the database is away.
func Open(ctx context.Context, url string) (*Store, error) {
	conf, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("database: %w", err) // pgx leaves the password out
	}
	params := conf.ConnConfig.RuntimeParams
	params["timezone"] = "UTC"
	params["application_name"] = "shouwen"
	params["lock_timeout"] = "5s"
	params["random_page_cost"] = "1.1"                    // of disks today: an index is worth more than PostgreSQL thinks
	params["jit"] = "off"                                 // to compile a statement takes longer than any of ours
	params["idle_in_transaction_session_timeout"] = "10s" // of a frozen node, whose locks hold up the others
	conf.ConnConfig.ConnectTimeout = 5 * time.Second
	conf.ConnConfig.DialFunc = (&net.Dialer{KeepAliveConfig: net.KeepAliveConfig{ // a silent network is noticed in 11 s
		Enable: true, Idle: 5 * time.Second, Interval: 2 * time.Second, Count: 3,
	}}).DialContext
	conf.AfterConnect = func(_ context.Context, c *pgx.Conn) error {
		c.TypeMap().RegisterType(&pgtype.Type{
			Name: "timestamptz", OID: pgtype.TimestamptzOID, Codec: &pgtype.TimestamptzCodec{ScanLocation: time.UTC},
		})
		return nil
	}
	s := &Store{Log: slog.Default()}
	conf.ConnConfig.Tracer = tracer{s}
	if s.db, err = pgxpool.NewWithConfig(ctx, conf); err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	return s, nil
}

// Close ends all connections after their use.
func (s *Store) Close() { s.db.Close() }

// Ping returns why the database does not answer.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.db.Ping(ctx); err != nil {
		return fmt.Errorf("database: %w", err)
	}
	return nil
}

//go:embed migrations/*.sql
var migrations embed.FS

const versionTable = "public.schema_version"

// Migrate brings the schema up to date. Several programs may do so at once: an
// advisory lock lets one pass at a time. It changes nothing and returns
// ErrNewerSchema if the schema is ahead of this program.
func (s *Store) Migrate(ctx context.Context) error {
	return s.db.AcquireFunc(ctx, func(c *pgxpool.Conn) error {
		// Whoever waits for the lock may wait for a long migration.
		if _, err := c.Exec(ctx, "set lock_timeout = 0"); err != nil {
			return fmt.Errorf("migrate: %w", err)
		}
		defer c.Exec(context.WithoutCancel(ctx), "reset lock_timeout")
		m, err := migrate.NewMigrator(ctx, c.Conn(), versionTable)
		if err != nil {
			return fmt.Errorf("migrate: %w", err)
		}
		dir, err := fs.Sub(migrations, "migrations")
		if err != nil {
			return fmt.Errorf("migrate: %w", err)
		}
		if err := m.LoadMigrations(dir); err != nil {
			return fmt.Errorf("migrate: %w", err)
		}
		is, err := m.GetCurrentVersion(ctx)
		if err != nil {
			return fmt.Errorf("migrate: %w", err)
		}
		if knows := int32(len(m.Migrations)); is > knows {
			return fmt.Errorf("%w: its schema is %d, this program knows %d; start the newer program", ErrNewerSchema, is, knows)
		}
		if err := m.Migrate(ctx); err != nil {
			return fmt.Errorf("migrate: %w", err)
		}
		return nil
	})
}
