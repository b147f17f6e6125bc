package store

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"shouwen/cases"
)

// ClaimOutgoing returns at most limit rows of one kind that are to be sent now, the
// oldest first. They are the claimant's as long as the lease; then somebody else may have
// them, whatever became of him. It is planned each time: a burst comes when there was next
// to nothing before.
func (s *Store) ClaimOutgoing(ctx context.Context, kind string, lease time.Duration, limit int) ([]cases.Outgoing, error) {
	rows, err := s.db.Query(ctx, `
		with mine as (
			update outbox set leased_until = now() + $3::interval, attempts = attempts + 1
			where id in (
				select id from outbox
				where kind = $1 and done_at is null and dead_at is null and not_before <= now()
					and (leased_until is null or leased_until < now())
				order by not_before, id limit $2 for update skip locked)
			returning id, key, kind, payload, attempts)
		select id, key, kind, payload, attempts from mine order by id`, pgx.QueryExecModeCacheDescribe, kind, limit, lease)
	return collect("claim "+kind, rows, err, pgx.RowToStructByPos[cases.Outgoing])
}

// SettleOutgoing notes what became of an attempt. Done is done whoever says so; but
// who comes late with a failure changes nothing of what another has claimed since.
func (s *Store) SettleOutgoing(ctx context.Context, o cases.Outgoing, r cases.Outcome) error {
	var err error
	switch {
	case r.Err == "":
		_, err = s.db.Exec(ctx, `
			update outbox set done_at = now(), leased_until = null, dead_at = null, error = '' where id = $1 and done_at is null`, o.ID)
	case r.Retry > 0:
		_, err = s.db.Exec(ctx, `
			update outbox set leased_until = null, not_before = now() + $3::interval, error = $4
			where id = $1 and attempts = $2 and done_at is null and dead_at is null`, o.ID, o.Attempts, r.Retry, cases.Clean(r.Err))
	default:
		_, err = s.db.Exec(ctx, `
			update outbox set leased_until = null, dead_at = now(), error = $3
			where id = $1 and attempts = $2 and done_at is null and dead_at is null`, o.ID, o.Attempts, cases.Clean(r.Err))
	}
	if err != nil {
		return fmt.Errorf("settle %s: %w", o.Key, err)
	}
	return nil
}

// stages are the UUIDs of fired stages, by their keys (RFC 9562 5.5).
var stages = uuid.MustParse("5b1c2a4e-7a5f-4d0b-9d53-1a0a6f0d0012")

// Telling decides what is told of a fired stage whose row has that key, of the case as it
// is now: the users, and rows of which ID and Attempts do not matter.
type Telling = func(key string, c cases.Case, f cases.FiredStage) ([]string, []cases.Outgoing)

// RecordStage puts a fired stage on the ledger of its case and into the outbox what is
// to be told of it, in one transaction; again it changes nothing. Stages of the same
// clock that came before and are not recorded yet, because another node has them, go
// first.
func (s *Store) RecordStage(ctx context.Context, o cases.Outgoing, tell Telling) error {
	var of struct{ Case cases.CaseNumber }
	if err := json.Unmarshal(o.Payload, &of); err != nil {
		return fmt.Errorf("stage %s: %w", o.Key, err)
	}
	err := pgx.BeginFunc(ctx, s.db, func(tx pgx.Tx) error {
		locked, err := lockCases(ctx, tx, of.Case)
		if err != nil {
			return err
		}
		c, there := locked[of.Case]
		if !there {
			return ErrNotFound
		}
		// Whoever holds the case decides; a row that is done has its event.
		rows, err := tx.Query(ctx, `
			update outbox set done_at = now(), leased_until = null, dead_at = null
			where key = any($1) and done_at is null returning id, key, kind, payload, attempts`, upTo(o.Key))
		if err != nil {
			return err
		}
		fired, err := pgx.CollectRows(rows, pgx.RowToStructByPos[cases.Outgoing])
		if err != nil {
			return err
		}
		slices.SortFunc(fired, func(a, b cases.Outgoing) int { return cmp.Compare(a.ID, b.ID) })
		var b pgx.Batch
		for _, o := range fired {
			if c, err = s.queueStage(&b, c, o, tell); err != nil {
				return err
			}
		}
		return tx.SendBatch(ctx, &b).Close()
	})
	if err != nil {
		return fmt.Errorf("stage %s: %w", o.Key, err)
	}
	return nil
}

// upTo returns the keys of all stages of a clock up to one, see FireStages.
func upTo(key string) []string {
	end := strings.LastIndexByte(key, ':') + 1
	last, _ := strconv.Atoi(key[end:])
	keys := []string{key}
	for n := 1; n < last; n++ {
		keys = append(keys, key[:end]+strconv.Itoa(n))
	}
	return keys
}

// queueStage puts a fired stage on the ledger of c, and returns c after it.
func (s *Store) queueStage(b *pgx.Batch, c cases.Case, o cases.Outgoing, tell Telling) (cases.Case, error) {
	var f cases.FiredStage
	if err := json.Unmarshal(o.Payload, &f); err != nil {
		return c, err
	}
	told, out := tell(o.Key, c, f)
	is, event, err := c.Fire(f, told, uuid.NewSHA1(stages, []byte(o.Key)).String())
	if err != nil {
		return c, err
	}
	queueCase(b, is, s.Rules.Policy)
	queueEvent(b, event)
	queueOutgoing(b, out)
	return is, nil
}

// queueOutgoing puts rows into the outbox; a key that is there stays as it is.
func queueOutgoing(b *pgx.Batch, out []cases.Outgoing) {
	for _, o := range out {
		b.Queue(`insert into outbox (key, kind, payload) values ($1, $2, $3) on conflict (key) do nothing`, o.Key, o.Kind, o.Payload)
	}
}

// DeadLetters returns what was given up, the latest first.
func (s *Store) DeadLetters(ctx context.Context, limit int) ([]cases.DeadLetter, error) {
	rows, err := s.db.Query(ctx, `
		select id, key, kind, payload, attempts, error, dead_at from outbox
		where dead_at is not null order by dead_at desc, id desc limit $1`, limit)
	return collect("dead letters", rows, err, func(row pgx.CollectableRow) (d cases.DeadLetter, err error) {
		err = row.Scan(&d.ID, &d.Key, &d.Kind, &d.Payload, &d.Attempts, &d.Error, &d.At)
		return d, err
	})
}

// Revive has a dead letter sent again, from its first attempt on. The error wraps
// ErrNotFound if there is none of that id.
func (s *Store) Revive(ctx context.Context, id int64) error {
	tag, err := s.db.Exec(ctx, `update outbox set dead_at = null, attempts = 0, not_before = now() where id = $1 and dead_at is not null`, id)
	if err == nil && tag.RowsAffected() == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("dead letter %d: %w", id, err)
	}
	return nil
}

// ForgetOutgoing deletes at most limit rows that were done so long ago that nobody asks
// for them, the oldest first, and returns how many. Dead letters stay.
func (s *Store) ForgetOutgoing(ctx context.Context, done time.Duration, limit int) (int64, error) {
	tag, err := s.db.Exec(ctx, `
		delete from outbox where id in (
			select id from outbox where done_at < now() - $1::interval order by done_at limit $2 for update skip locked)`, done, limit)
	if err != nil {
		return 0, fmt.Errorf("forget outgoing: %w", err)
	}
	return tag.RowsAffected(), nil
}

// backlogs is the query of what has not left the house, by kind.
const backlogs = `
	select kind, sum(pending)::int as pending, sum(dead)::int as dead, coalesce(now() - min(made), '0') as oldest from (
		select kind, count(*) as pending, 0 as dead, min(made) as made from outbox where done_at is null and dead_at is null group by kind
		union all
		select kind, 0, count(*), null from outbox where dead_at is not null group by kind) kinds
	group by kind`

// Backlog returns what has not left the house, by kind; kinds without any are left out.
func (s *Store) Backlog(ctx context.Context) (map[string]cases.Backlog, error) {
	rows, err := s.db.Query(ctx, backlogs)
	if err != nil {
		return nil, fmt.Errorf("backlog: %w", err)
	}
	all := map[string]cases.Backlog{}
	var kind string
	var b cases.Backlog
	_, err = pgx.ForEachRow(rows, []any{&kind, &b.Pending, &b.Dead, &b.Oldest}, func() error {
		all[kind] = b
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("backlog: %w", err)
	}
	return all, nil
}
