package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype/zeronull"

	"shouwen/cases"
)

const stationLock = 0x706f737473 // "posts"

// WatchStations keeps the times in which nobody is on post at one of the stations, which
// are those that are to be manned now, and returns those gaps that have just become
// longer than allowed, once over all nodes. A gap that ends before is forgotten.
func (s *Store) WatchStations(ctx context.Context, now time.Time, all []cases.Station, allowed time.Duration) (long []cases.Gap, err error) {
	err = pgx.BeginFunc(ctx, s.db, func(tx pgx.Tx) error {
		var mine bool
		if err := tx.QueryRow(ctx, `select pg_try_advisory_xact_lock($1)`, stationLock).Scan(&mine); err != nil || !mine {
			return err
		}
		rows, err := tx.Query(ctx, `
			select distinct a.username from agent_state a join node_lease n on n.node = a.node and n.until > now()
			where a.state not in ('break', 'away')`)
		if err != nil {
			return err
		}
		there, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return err
		}
		kinds, names := []string{}, []string{}
		for _, st := range all {
			if !slices.ContainsFunc(st.Users, func(user string) bool { return slices.Contains(there, user) }) {
				kinds, names = append(kinds, string(st.Of)), append(names, cases.Clean(st.Name))
			}
		}
		_, err = tx.Exec(ctx, `
			with empty as (select kind, name from unnest($1::text[], $2::text[]) as e (kind, name)),
			over as (select id, told_at is not null as long from station_gap
				where until_at is null and (kind, name) not in (select kind, name from empty)),
			short as (delete from station_gap where id in (select id from over where not long)),
			closed as (update station_gap set until_at = $3 where id in (select id from over where long))
			insert into station_gap (kind, name, from_at) select kind, name, $3 from empty
			on conflict (kind, name) where until_at is null do nothing`, kinds, names, now)
		if err != nil {
			return err
		}
		rows, err = tx.Query(ctx, `
			update station_gap set told_at = $1 where until_at is null and told_at is null and from_at <= $1::timestamptz - $2::interval
			returning `+gapColumns, now, allowed)
		if err != nil {
			return err
		}
		long, err = pgx.CollectRows(rows, scanGap)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("watch stations: %w", err)
	}
	return long, nil
}

const gapColumns = `kind, name, from_at, told_at, until_at`

func scanGap(row pgx.CollectableRow) (g cases.Gap, err error) {
	err = row.Scan(&g.Of, &g.Name, &g.From, &g.Told, (*zeronull.Timestamptz)(&g.Until))
	return g, err
}

// Gaps returns the gaps that began in w, the earliest first.
func (s *Store) Gaps(ctx context.Context, w Window) ([]cases.Gap, error) {
	return s.gaps(ctx, `from_at >= $1 and from_at < $2`, w.From, w.Until)
}

// OpenGaps returns the gaps that go on, the earliest first.
func (s *Store) OpenGaps(ctx context.Context) ([]cases.Gap, error) {
	return s.gaps(ctx, `until_at is null`)
}

func (s *Store) gaps(ctx context.Context, where string, args ...any) ([]cases.Gap, error) {
	rows, err := s.db.Query(ctx, `select `+gapColumns+` from station_gap where told_at is not null and `+where+` order by from_at, id`, args...)
	return collect("gaps", rows, err, scanGap)
}
