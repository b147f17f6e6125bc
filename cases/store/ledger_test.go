package store_test

import (
	"errors"
	"testing"

	"shouwen/cases"
)

func TestVerifyLedgerCounts(t *testing.T) {
	t.Parallel()
	s, _ := filled(t)
	checked, err := s.VerifyLedger(t.Context())
	if err != nil || checked != 5 {
		t.Errorf("checked %d, %v, want 5", checked, err)
	}
}

// A superuser who switches the triggers off can change any row, and is found out.
func TestVerifyLedgerNamesTheBadRow(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		sql  string
		want cases.ChainError
	}{
		"kind":  {`update case_event set kind = 'missed' where case_id = 2 and seq = 1`, cases.ChainError{Case: "261123-1-0002", Seq: 1}},
		"state": {`update case_event set state = 'closed' where case_id = 2 and seq = 1`, cases.ChainError{Case: "261123-1-0002", Seq: 1}},
		"time":  {`update case_event set at = at + '1 microsecond' where case_id = 2 and seq = 2`, cases.ChainError{Case: "261123-1-0002", Seq: 2}},
		"by":    {`update case_event set by = 'agent1' where case_id = 2 and seq = 1`, cases.ChainError{Case: "261123-1-0002", Seq: 1}},
		"fact":  {`update case_event set fact = gen_random_uuid() where case_id = 2 and seq = 2`, cases.ChainError{Case: "261123-1-0002", Seq: 2}},
		"white space in the body": {`update case_event set body = (body::text || ' ')::json where case_id = 2 and seq = 2`,
			cases.ChainError{Case: "261123-1-0002", Seq: 2}},
		"hash":      {`update case_event set hash = sha256('x') where case_id = 1 and seq = 1`, cases.ChainError{Case: "261123-1-0001", Seq: 1}},
		"sequence":  {`update case_event set seq = 3 where case_id = 2 and seq = 2`, cases.ChainError{Case: "261123-1-0002", Seq: 2}},
		"case":      {`update case_event set case_id = 3 where case_id = 2 and seq = 2`, cases.ChainError{Case: "261123-1-0002"}},
		"no case":   {`update case_event set case_id = 99 where case_id = 3`, cases.ChainError{Case: "261123-1-0003"}},
		"first row": {`delete from case_event where case_id = 1 and seq = 1`, cases.ChainError{Case: "261123-1-0001", Seq: 1}},
		"last row":  {`delete from case_event where case_id = 2 and seq = 2`, cases.ChainError{Case: "261123-1-0002"}},
		"all rows":  {`delete from case_event where case_id = 2`, cases.ChainError{Case: "261123-1-0002"}},
		"a row too many": {`insert into case_event select case_id, 3, kind, state, at, by, gen_random_uuid(), body, hash from case_event
			where case_id = 2 and seq = 2`, cases.ChainError{Case: "261123-1-0002", Seq: 3}},
		"the case itself":              {`delete from cases where id = 2`, cases.ChainError{Case: "with id 2", Seq: 1}},
		"first-asker of the case":      {`update cases set first_asker = 'agent1' where id = 2`, cases.ChainError{Case: "261123-1-0002"}},
		"first-asker of a missed case": {`update cases set first_asker = 'agent1', responsible = 'agent1' where id = 3`, cases.ChainError{Case: "261123-1-0003"}},
		"number of the case":           {`update cases set number = '261123-1-0009' where id = 2`, cases.ChainError{Case: "261123-1-0009", Seq: 1}},
		"state of the case":            {`update cases set state = 'closed' where id = 2`, cases.ChainError{Case: "261123-1-0002"}},
		"opening of the case":          {`update cases set opened = opened - interval '1 hour' where id = 2`, cases.ChainError{Case: "261123-1-0002"}},
		"head of the case":             {`update cases set head = sha256('x') where id = 2`, cases.ChainError{Case: "261123-1-0002"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, c := filled(t)
			exec(t, c, `set session_replication_role = replica`) // no triggers, no foreign keys
			tag, err := c.Exec(t.Context(), tt.sql)
			if err != nil || tag.RowsAffected() == 0 {
				t.Fatal(tag, err)
			}
			_, err = s.VerifyLedger(t.Context())
			bad, ok := errors.AsType[*cases.ChainError](err)
			if !ok || bad.Case != tt.want.Case || bad.Seq != tt.want.Seq {
				t.Errorf("err = %v, want %s, event %d", err, tt.want.Case, tt.want.Seq)
			}
		})
	}
}
