package store

import (
	"context"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype/zeronull"

	"shouwen/cases"
)

// Recording is one call's recording.
type Recording struct {
	Call      string // id of the call, and of the recording
	Case      cases.CaseNumber
	Mode      cases.RecordingMode
	Started   time.Time
	Ended     time.Time             // zero: under way
	Result    cases.RecordingResult // empty: under way
	Reason    cases.RecordingReason // why it is not whole
	File      string                // below the folder of recordings; empty: none yet, or none
	Length    time.Duration
	Bytes     int64
	SHA256    []byte
	Pauses    []cases.Stretch
	KeepUntil time.Time // zero: for good
	Deleted   time.Time // zero: it is there
	LegalHold bool      // of the case: it is kept whatever its time
}

const recordingColumns = `r.call::text, c.number, r.mode, r.started, r.ended, r.result, r.reason, r.file, r.length, r.bytes,
	r.sha256, r.pauses, r.keep_until, r.deleted, c.legal_hold
	from recording r join cases c on c.id = r.case_id`

func scanRecording(row pgx.CollectableRow) (r Recording, err error) {
	err = row.Scan(&r.Call, &r.Case, &r.Mode, &r.Started, (*zeronull.Timestamptz)(&r.Ended), (*zeronull.Text)(&r.Result),
		&r.Reason, &r.File, &r.Length, &r.Bytes, &r.SHA256, &r.Pauses, (*zeronull.Timestamptz)(&r.KeepUntil),
		(*zeronull.Timestamptz)(&r.Deleted), &r.LegalHold)
	return r, err
}

// Recordings returns those of a case, the oldest first; of an unknown one there
// are none.
func (s *Store) Recordings(ctx context.Context, number cases.CaseNumber) ([]Recording, error) {
	return s.recordings(ctx, `select `+recordingColumns+` where c.number = $1 order by r.started`, number)
}

// recordingOfCall and accessesOfCall are asked by every player for every part it plays.
const (
	recordingOfCall = `select ` + recordingColumns + ` where r.call = $1::text::uuid`
	accessesOfCall  = `select call::text, at, who, source, part from recording_access where call = $1::text::uuid order by id`
)

// Recording returns the one of a call; ErrNotFound.
func (s *Store) Recording(ctx context.Context, call string) (Recording, error) {
	id, err := uuid.Parse(call)
	if err != nil {
		return Recording{}, fmt.Errorf("recording: %w: %w", ErrNotFound, err)
	}
	list, err := s.recordings(ctx, recordingOfCall, id.String())
	if err == nil && len(list) == 0 {
		err = fmt.Errorf("recording %s: %w", id, ErrNotFound)
	}
	if err != nil {
		return Recording{}, err
	}
	return list[0], nil
}

// Outdated is a file whose time is over.
type Outdated struct {
	Call string // of the recording or message
	Case cases.CaseNumber
	File string
}

// OutdatedRecordings returns those of this node whose time is over at now and whose case
// no legal hold keeps, the oldest first, at most limit.
func (s *Store) OutdatedRecordings(ctx context.Context, now time.Time, limit int) ([]Outdated, error) {
	return s.outdated(ctx, `select r.call::text, c.number, r.file from recording r join cases c on c.id = r.case_id
		where r.keep_until < $1 and r.deleted is null and r.file <> '' and not c.legal_hold and r.node in ($3, 0)
		order by r.keep_until limit $2`, now, limit)
}

func (s *Store) outdated(ctx context.Context, sql string, now time.Time, limit int) ([]Outdated, error) {
	rows, err := s.db.Query(ctx, sql, now, limit, s.Node)
	return collect("files whose time is over", rows, err, pgx.RowToStructByPos[Outdated])
}

func (s *Store) recordings(ctx context.Context, sql string, args ...any) ([]Recording, error) {
	rows, err := s.db.Query(ctx, sql, args...)
	return collect("recordings", rows, err, scanRecording)
}

// Access is a look into a recording.
type Access struct {
	Call   string // of the recording
	At     time.Time
	Who    string // user, or by which token
	Source string // address
	Part   string // Range header field; empty: all of it
}

// LogAccess puts a look on record, for good; At is the database's. Call it before
// anything is shown.
func (s *Store) LogAccess(ctx context.Context, a Access) error {
	_, err := s.db.Exec(ctx, `insert into recording_access (call, who, source, part) values ($1, $2, $3, $4)`,
		a.Call, a.Who, a.Source, cases.Clean(a.Part))
	if err != nil {
		return fmt.Errorf("access to recording %s: %w", a.Call, err)
	}
	return nil
}

// Accesses returns who looked into the recording of a call there is, the first first.
func (s *Store) Accesses(ctx context.Context, call string) ([]Access, error) {
	rows, err := s.db.Query(ctx, accessesOfCall, call)
	return collect(fmt.Sprintf("accesses to recording %s", call), rows, err, pgx.RowToStructByPos[Access])
}

// queueAside writes what an aside says beside the ledger.
func queueAside(b *pgx.Batch, f cases.Fact, node int) {
	switch {
	case f.RecordingStarted != nil:
		b.Queue(`
			insert into recording (call, case_id, mode, started, keep_until, node)
			select $2, id, $3, $4, $5, $6 from cases where number = $1
			on conflict (call) do nothing`,
			f.Case, f.Call, f.RecordingStarted.Mode, f.At, zeronull.Timestamptz(f.RecordingStarted.Keep), node)
	case f.RecordingEnded != nil:
		e := f.RecordingEnded
		var sum []byte // of no file: null
		if e.SHA256 != "" {
			sum, _ = hex.DecodeString(e.SHA256) // if it is none, the schema says so
		}
		b.Queue(`
			update recording set ended = $2, result = $3, reason = $4, file = $5, length = $6, bytes = $7, sha256 = $8, pauses = $9
			where call = $1`,
			f.Call, f.At, e.Result, e.Reason, cases.Clean(e.File), time.Duration(e.Length), e.Bytes, sum,
			append([]cases.Stretch{}, e.Pauses...))
	case f.RecordingDeleted != nil:
		b.Queue(`update recording set deleted = $2 where call = $1`, f.Call, f.At)
	case f.VoicemailDeleted != nil:
		b.Queue(`update voicemail set deleted = $2 where call = $1`, f.Call, f.At)
	case f.LegalHold != nil:
		b.Queue(`update cases set legal_hold = $2 where number = $1`, f.Case, f.LegalHold.On)
	}
}
