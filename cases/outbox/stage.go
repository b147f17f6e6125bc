package outbox

import (
	"context"
	"encoding/json"
	"slices"

	"shouwen/cases"
)

// Ledger records fired stages.
type Ledger interface {
	// RecordStage puts a fired stage on the ledger of its case and what tell makes of it
	// into the outbox, in one transaction; again it changes nothing. Stages of the same
	// clock that came before go first; tell is given the keys of all their rows.
	RecordStage(ctx context.Context, o cases.Outgoing, tell func(key string, c cases.Case, f cases.FiredStage) ([]string, []cases.Outgoing)) error
}

// The kinds of rows of those channels of which there is one; a webhook has one of its own.
const (
	KindEmail = "email"
	KindPhone = "sip"
)

// WebhookKind returns the kind of the rows of a webhook.
func WebhookKind(name string) string { return "webhook:" + name }

// Channels are the ways by which somebody is told.
type Channels struct {
	Webhooks []string // names
	Email    bool     // to who has an address
	Phone    bool     // a text on who's phone

	Emergencies []cases.Class // whose breaches ring whoever manages them, too
}

// Stages returns the effect of fired stages: each is put on the ledger, and for
// everybody who is to be told a row for each of his channels is put into the outbox.
func Stages(l Ledger, people func() cases.Directory, via Channels) Effect {
	return func(ctx context.Context, o cases.Outgoing) error {
		return l.RecordStage(ctx, o, func(key string, c cases.Case, f cases.FiredStage) ([]string, []cases.Outgoing) {
			to := people().Told(c, f.Stage.To)
			out := via.of(key, f, to)
			if f.Stage.Kind == cases.StageBreach && slices.Contains(via.Emergencies, f.Class) {
				out = append(out, c.Summons(cases.StageSummons(key), f.Class).Outgoing())
			}
			return users(to), out
		})
	}
}

// Inspected returns the rows that tell of a stage of what an inspection found.
func (via Channels) Inspected(people cases.Directory, i cases.Inspection, f cases.FiredStage) []cases.Outgoing {
	return via.of(f.Key(), f, i.Told(people, f))
}

func users(to []cases.Recipient) []string {
	all := make([]string, len(to))
	for i, r := range to {
		all[i] = r.Person.User
	}
	return all
}

// of returns the rows that tell of a stage whose row has that key.
func (via Channels) of(key string, f cases.FiredStage, to []cases.Recipient) []cases.Outgoing {
	n := cases.Notice{Event: f.Stage.Kind.Event(), Stage: &f, Told: users(to)}
	all := via.programs(key, n)
	n.Told = nil
	for _, r := range to {
		n.User = r.Person.User
		if via.Email && r.Person.Email != "" {
			all = append(all, row(key+":email:"+n.User, KindEmail, n))
		}
		if via.Phone {
			all = append(all, row(key+":sip:"+n.User, KindPhone, n))
		}
	}
	return all
}

// programs returns a row for every webhook.
func (via Channels) programs(key string, n cases.Notice) (all []cases.Outgoing) {
	for _, name := range via.Webhooks {
		kind := WebhookKind(name)
		all = append(all, row(key+":"+kind, kind, n))
	}
	return all
}

// Head returns the rows that tell programs of the head of the ledger of a day.
func (via Channels) Head(h cases.LedgerHead) []cases.Outgoing {
	return via.programs("ledger_head:"+h.Day, cases.Notice{Event: cases.NoticeLedgerHead, Head: &h})
}

func row(key, kind string, n cases.Notice) cases.Outgoing {
	payload, err := json.Marshal(n)
	if err != nil {
		panic(err) // times came from JSON
	}
	return cases.Outgoing{Key: key, Kind: kind, Payload: payload}
}
