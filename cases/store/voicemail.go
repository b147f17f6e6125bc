package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype/zeronull"

	"shouwen/cases"
)

// queueVoicemail keeps the latest message of a case.
func queueVoicemail(b *pgx.Batch, f cases.Fact, node int) {
	b.Queue(`
		insert into voicemail (case_id, call, length, file, keep_until, node)
		select id, $2, $3, $4, $5, $6 from cases where number = $1
		on conflict (case_id) do update set call = excluded.call, length = excluded.length, file = excluded.file,
			keep_until = excluded.keep_until, node = excluded.node, deleted = null`,
		f.Case, f.Call, time.Duration(f.Voicemail.Length), f.Voicemail.File, zeronull.Timestamptz(f.Voicemail.Keep), node)
}

// OutdatedMessages is OutdatedRecordings of the messages callers left.
func (s *Store) OutdatedMessages(ctx context.Context, now time.Time, limit int) ([]Outdated, error) {
	return s.outdated(ctx, `select v.call::text, c.number, v.file from voicemail v join cases c on c.id = v.case_id
		where v.keep_until < $1 and v.deleted is null and not c.legal_hold and v.node in ($3, 0)
		order by v.keep_until limit $2`, now, limit)
}

// LogVoicemailAccess puts a look into the message of a case on record, for good; At
// is the database's, Call the message's. Call it before anything is shown.
func (s *Store) LogVoicemailAccess(ctx context.Context, n cases.CaseNumber, a Access) error {
	_, err := s.db.Exec(ctx, `
		insert into voicemail_access (case_id, who, source, part) select id, $2, $3, $4 from cases where number = $1`,
		n, a.Who, a.Source, cases.Clean(a.Part))
	if err != nil {
		return fmt.Errorf("access to the message of case %s: %w", n, err)
	}
	return nil
}

// VoicemailAccesses returns who looked into the message of a case, the first first.
func (s *Store) VoicemailAccesses(ctx context.Context, n cases.CaseNumber) ([]Access, error) {
	rows, err := s.db.Query(ctx, `
		select v.call::text, a.at, a.who, a.source, a.part
		from voicemail_access a join cases c on c.id = a.case_id join voicemail v on v.case_id = a.case_id
		where c.number = $1 order by a.id`, n)
	return collect(fmt.Sprintf("accesses to the message of case %s", n), rows, err, pgx.RowToStructByPos[Access])
}
