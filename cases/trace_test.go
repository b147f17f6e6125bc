package cases_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shouwen/cases"
)

// TestTraceWalksTheChainOfResponsibility: S26-R3 who had the case when, over hand-overs,
// returns and shifts; S26-R5 and S26-R1 whom they asked upward, level by level; S33-R17
// at whose stage something happened.
func TestTraceWalksTheChainOfResponsibility(t *testing.T) {
	t.Parallel()
	at := func(min int) time.Time { return time.Date(2026, 11, 23, 9, min, 0, 0, time.UTC) }
	event := func(min int, kind cases.EventKind, state cases.State, by, body string) cases.Event {
		return cases.Event{Case: "261123-1-0001", Kind: kind, State: state, At: at(min), By: by, Body: []byte(body)}
	}
	ledger := []cases.Event{
		event(0, cases.EventPickedUp, cases.Open, "asker", `{}`),
		event(1, cases.EventRegistered, cases.Registered, "asker", `{}`),
		event(5, cases.EventHandedOver, cases.HandedOver, "asker", `{"department":"repairs"}`),
		event(10, cases.EventReturned, cases.HandedOver, "smith", `{"code":"not_ours","opinion":"the heating","to":"heating"}`),
		event(12, cases.EventAccepted, cases.Accepted, "jones", `{}`),
		event(15, cases.EventAssigned, cases.Accepted, "jones", `{"person":"brown"}`),
		event(18, cases.EventEscalated, cases.Accepted, "brown", `{"to":"section_head","person":"section","why":"whose pipe"}`),
		event(20, cases.EventEscalated, cases.Accepted, "section", `{"to":"leader_in_charge","person":"leader","why":"still"}`),
		event(22, cases.EventEscalated, cases.Accepted, "leader", `{"to":"principal_leader","person":"principal","why":"still"}`),
		event(25, cases.EventHandedOff, cases.Accepted, "brown", `{"to":"green","note":"waits for a part"}`),
		event(30, cases.EventReported, cases.ResultIn, "green", `{"result":"warm again"}`),
		event(40, cases.EventReplied, cases.Replied, "asker", `{}`),
		event(50, cases.EventClosed, cases.Closed, "asker", `{}`),
	}
	fired := event(45, cases.EventEscalated, cases.Replied, "", `{}`) // by a clock: nobody did it
	fired.Fact = "0193571f-0000-7000-8000-000000000001"
	ledger = append(ledger[:len(ledger)-1:len(ledger)-1], fired, ledger[len(ledger)-1])

	chain, up, err := cases.Trace(ledger)
	if err != nil {
		t.Fatal(err)
	}
	want := []cases.Holding{
		{User: "asker", From: at(0), Until: at(5), How: cases.EventPickedUp, By: "asker"},
		{Department: "repairs", From: at(5), Until: at(10), How: cases.EventHandedOver, By: "asker"},
		{Department: "heating", From: at(10), Until: at(12), How: cases.EventReturned, By: "smith", Said: "the heating"},
		{User: "jones", Department: "heating", From: at(12), Until: at(15), How: cases.EventAccepted, By: "jones"},
		{User: "brown", Department: "heating", From: at(15), Until: at(25), How: cases.EventAssigned, By: "jones"},
		{User: "green", Department: "heating", From: at(25), Until: at(50), How: cases.EventHandedOff, By: "brown", Said: "waits for a part"},
	}
	if diff := cmp.Diff(want, chain); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	wantUp := []cases.StepUp{
		{At: at(18), To: cases.PartySectionHead, Person: "section", By: "brown", Why: "whose pipe"},
		{At: at(20), To: cases.PartyLeaderInCharge, Person: "leader", By: "section", Why: "still"},
		{At: at(22), To: cases.PartyPrincipalLeader, Person: "principal", By: "leader", Why: "still"},
	}
	if diff := cmp.Diff(wantUp, up); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if _, _, err := cases.Trace([]cases.Event{event(0, cases.EventHandedOver, cases.HandedOver, "asker", `{`)}); err == nil {
		t.Error("a broken body passes")
	}
}
