package store

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype/zeronull"

	"shouwen/cases"
)

// Duty is what an agent must find as he left it. Its fields are those of the
// board's Duty.
type Duty struct {
	User    string
	Changed time.Time // by the clock of the node that says so
	Paused  bool
	Reason  string
	Said    time.Time // when a pause last began or ended; zero: never
	WrapUp  time.Time // zero: none
	Idle    time.Time
	Rung    time.Time // zero: never
	Calls   int
	Talked  time.Duration
	Missed  int

	Stored time.Time // by the clock of the database
}

// SaveDuties keeps what is said of agents, unless something later is known: of
// a pause by Said, of everything else by Changed.
func (s *Store) SaveDuties(ctx context.Context, duties []Duty) error {
	var b pgx.Batch
	for _, d := range inOrder(duties, func(a, b Duty) int { return cmp.Compare(a.User, b.User) }) {
		b.Queue(`
			insert into agent_duty as d (username, changed, paused, reason, said, wrap_up, idle, rung, calls, talked, missed)
			values ($1, $2, $3, $4, coalesce($5, '-infinity'::timestamptz), $6, $7, $8, $9, $10, $11)
			on conflict (username) do update set
				paused  = case when excluded.said > d.said then excluded.paused else d.paused end,
				reason  = case when excluded.said > d.said then excluded.reason else d.reason end,
				said    = greatest(excluded.said, d.said),
				wrap_up = case when excluded.changed > d.changed then excluded.wrap_up else d.wrap_up end,
				idle    = case when excluded.changed > d.changed then excluded.idle else d.idle end,
				rung    = case when excluded.changed > d.changed then excluded.rung else d.rung end,
				calls   = case when excluded.changed > d.changed then excluded.calls else d.calls end,
				talked  = case when excluded.changed > d.changed then excluded.talked else d.talked end,
				missed  = case when excluded.changed > d.changed then excluded.missed else d.missed end,
				changed = greatest(excluded.changed, d.changed), stored = now()
			where excluded.changed > d.changed or excluded.said > d.said`,
			d.User, d.Changed, d.Paused, cases.Clean(d.Reason), zeronull.Timestamptz(d.Said), zeronull.Timestamptz(d.WrapUp), d.Idle,
			zeronull.Timestamptz(d.Rung), d.Calls, d.Talked, d.Missed)
	}
	return s.send(ctx, "save duties", &b)
}

// Duties returns what was stored after a time, by the clock of the database.
func (s *Store) Duties(ctx context.Context, after time.Time) ([]Duty, error) {
	rows, err := s.db.Query(ctx, `
		select username, changed, paused, reason, nullif(said, '-infinity'), wrap_up, idle, rung, calls, talked, missed, stored
		from agent_duty where stored > $1`, after)
	return collect("duties", rows, err, func(row pgx.CollectableRow) (d Duty, err error) {
		err = row.Scan(&d.User, &d.Changed, &d.Paused, &d.Reason, (*zeronull.Timestamptz)(&d.Said),
			(*zeronull.Timestamptz)(&d.WrapUp), &d.Idle, (*zeronull.Timestamptz)(&d.Rung), &d.Calls, &d.Talked, &d.Missed, &d.Stored)
		return d, err
	})
}

// ClaimAgents leases to a node those of the users whom no other node has, for a
// call, and returns them. Of several nodes that want an agent at once one gets him.
func (s *Store) ClaimAgents(ctx context.Context, node int, call string, users []string, lease time.Duration) ([]string, error) {
	rows, err := s.db.Query(ctx, `
		insert into agent_lease (username, node, call, until)
		select username, $2, $3, now() + $4 from unnest($1::text[]) username order by username
		on conflict (username) do update set node = excluded.node, call = excluded.call, until = excluded.until
		where agent_lease.node = excluded.node or agent_lease.until <= now()
		returning username`, users, node, call, lease)
	return collect("claim agents", rows, err, pgx.RowTo[string])
}

// Others is what a node learns of the other nodes.
type Others struct {
	Nodes map[int]string    // that are alive, by number, with where they take SIP
	Calls map[string]string // whom they have, by user
}

// Node is a node of the installation.
type Node struct {
	Number int
	SIP    string // host:port where others reach it over UDP; empty: nowhere
}

// RenewAgents says that a node is alive for so long, prolongs the leases it has,
// calls by user, and ends those it has no longer.
func (s *Store) RenewAgents(ctx context.Context, node Node, has, no map[string]string, lease time.Duration) (Others, error) {
	o := Others{Nodes: map[int]string{}, Calls: map[string]string{}}
	err := pgx.BeginFunc(ctx, s.db, func(tx pgx.Tx) error {
		var b pgx.Batch
		b.Queue(`set local synchronous_commit = off`)
		b.Queue(`
			insert into node_lease (node, until, sip) values ($1, now() + $2, $3)
			on conflict (node) do update set until = excluded.until, sip = excluded.sip`, node.Number, lease, node.SIP)
		users, calls := columns(no)
		b.Queue(`
			update agent_lease l set until = now() from unnest($2::text[], $3::text[]) as gone (username, call)
			where l.username = gone.username and l.call = gone.call and l.node = $1`, node.Number, users, calls)
		users, calls = columns(has)
		b.Queue(`
			insert into agent_lease (username, node, call, until)
			select username, $1, call, now() + $4 from unnest($2::text[], $3::text[]) as mine (username, call)
			on conflict (username) do update set node = excluded.node, call = excluded.call, until = excluded.until
			where agent_lease.node = excluded.node or agent_lease.until <= now()`, node.Number, users, calls, lease)
		if err := tx.SendBatch(ctx, &b).Close(); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `select node, sip from node_lease where node <> $1 and until > now()`, node.Number)
		if err != nil {
			return err
		}
		var other Node
		if _, err = pgx.ForEachRow(rows, []any{&other.Number, &other.SIP}, func() error {
			o.Nodes[other.Number] = other.SIP
			return nil
		}); err != nil {
			return err
		}
		rows, err = tx.Query(ctx, `select username, call from agent_lease where node <> $1 and until > now()`, node.Number)
		if err != nil {
			return err
		}
		var user, call string
		_, err = pgx.ForEachRow(rows, []any{&user, &call}, func() error {
			o.Calls[user] = call
			return nil
		})
		return err
	})
	if err != nil {
		return Others{}, fmt.Errorf("renew agents: %w", err)
	}
	return o, nil
}

// columns are keys and values of m; every node locks rows in this order.
func columns(m map[string]string) (keys, values []string) {
	keys = slices.AppendSeq(make([]string, 0, len(m)), maps.Keys(m))
	slices.Sort(keys)
	values = make([]string, len(keys))
	for i, k := range keys {
		values[i] = m[k]
	}
	return keys, values
}

// SaveAgentStates says what a node sees of agents that it has to do with, by user; of all
// others it sees nothing any more. It counts while the node is alive, see RenewAgents.
func (s *Store) SaveAgentStates(ctx context.Context, node int, does map[string]string) error {
	users, states := columns(does)
	_, err := s.db.Exec(ctx, `
		with seen as (select username, state from unnest($2::text[], $3::text[]) as seen (username, state)),
		gone as (delete from agent_state where node = $1 and username not in (select username from seen))
		insert into agent_state (node, username, state)
		select $1, username, state from seen
		where (username, state) not in (select username, state from agent_state where node = $1)
		order by username
		on conflict (node, username) do update set state = excluded.state`, node, users, states)
	if err != nil {
		return fmt.Errorf("save states of agents: %w", err)
	}
	return nil
}
