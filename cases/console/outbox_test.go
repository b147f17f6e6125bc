package console

import (
	"fmt"
	"testing"
	"time"

	"shouwen/cases"
)

func TestDeadLettersAreListedAndSentAgain(t *testing.T) {
	t.Parallel()
	st, s := hotline(t)
	h := s.Handler()
	letter := func(cases.LedgerHead) []cases.Outgoing {
		return []cases.Outgoing{{Key: "k1", Kind: "webhook:crm", Payload: []byte(`{"event": "breached"}`)}}
	}
	if _, err := st.LedgerHead(t.Context(), "2026-11-26", letter); err != nil {
		t.Fatal(err)
	}
	if got := decode[deadBody](t, askAPI(h, "/api/v1/outbox/dead"), 200); len(got.Letters) != 0 {
		t.Errorf("dead before it was tried: %+v", got)
	}
	claimed, err := st.ClaimOutgoing(t.Context(), "webhook:crm", 30*time.Second, 1)
	if err != nil || len(claimed) != 1 {
		t.Fatal(claimed, err)
	}
	if err := st.SettleOutgoing(t.Context(), claimed[0], cases.Outcome{Err: "answered 500"}); err != nil {
		t.Fatal(err)
	}
	got := decode[deadBody](t, askAPI(h, "/api/v1/outbox/dead"), 200)
	if len(got.Letters) != 1 || got.Letters[0].Key != "k1" || got.Letters[0].Error != "answered 500" || string(got.Letters[0].Payload) != `{"event":"breached"}` {
		t.Fatalf("dead %+v", got)
	}
	retry := fmt.Sprintf("/api/v1/outbox/dead/%d/retry", got.Letters[0].ID)
	for _, want := range []int{204, 404} {
		if r := ask(h, "POST", retry, "", "Authorization", "Bearer "+token); r.StatusCode != want {
			t.Errorf("retry: %s, want %d", r.Status, want)
		}
	}
	if again, err := st.ClaimOutgoing(t.Context(), "webhook:crm", 30*time.Second, 1); err != nil || len(again) != 1 || again[0].Attempts != 1 {
		t.Errorf("sent again: %+v, %v", again, err)
	}
}
