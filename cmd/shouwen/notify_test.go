package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"shouwen/cases"
	"shouwen/cases/store"
)

// TestABreachIsToldOutside: a caller nobody answered and nobody called back in time is
// on the ledger, and a program is told, by the running server; so is the day's head.
func TestABreachIsToldOutside(t *testing.T) {
	t.Parallel()
	told := make(chan cases.Notice, 9)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var n cases.Notice
		body, _ := io.ReadAll(r.Body)
		if err := json.Unmarshal(body, &n); err != nil || !strings.HasPrefix(r.Header.Get("Webhook-Signature"), "v1,") {
			t.Errorf("%s, %v", body, err)
		}
		told <- n
	}))
	t.Cleanup(receiver.Close)
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte("whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	b := newBed(t, 1, func(c *Config) {
		c.Hotlines[0].CallbackWithin = Duration(time.Second)
		c.Notify.Webhooks = []WebhookConfig{{Name: "crm", URL: receiver.URL, SecretFile: file, Timeout: Duration(5 * time.Second)}}
	})
	call := b.dial(numbered(1))
	call.Hears(musicSays)
	call.Hangup()
	var head *cases.LedgerHead
	var breach *cases.FiredStage
	for head == nil || breach == nil {
		select {
		case n := <-told:
			if n.Head != nil {
				head = n.Head
			} else {
				breach = n.Stage
			}
		case <-time.After(patience):
			t.Fatalf("head %v, breach %v", head, breach)
		}
	}
	b.stop()
	c := only(t, b.cases()) // the ledger verifies
	if breach.Case != c.Number || breach.Clock != cases.ClockCallback || breach.Stage.Kind != cases.StageBreach {
		t.Errorf("breach %+v", breach)
	}
	line, err := os.ReadFile(filepath.Join(b.DataDir, headsFile))
	if want := fmt.Sprintf("%s %d %s\n", head.Day, head.Events, head.Sum); err != nil || string(line) != want {
		t.Errorf("%s has %q, want %q, %v", headsFile, line, want, err)
	}
	b.exported(c)
}

// exported checks that the export of a case is all it takes to compute its hashes.
func (b *bed) exported(c cases.Case) {
	b.t.Helper()
	st, err := store.Open(b.t.Context(), b.database)
	if err != nil {
		b.t.Fatal(err)
	}
	defer st.Close()
	var out bytes.Buffer
	if err := exportLedger(b.t.Context(), st, c.Number, &out); err != nil {
		b.t.Fatal(err)
	}
	var events []cases.Event
	for line := range strings.Lines(out.String()) {
		var r ledgerRow
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			b.t.Fatal(err)
		}
		sum, err := hex.DecodeString(r.Hash)
		if err != nil || len(sum) != len(cases.Hash{}) {
			b.t.Fatal(r.Hash, err)
		}
		events = append(events, cases.Event{
			Case: r.Case, Seq: r.Seq, Kind: r.Kind, State: r.State, At: r.At, By: r.By, Fact: r.Fact, Body: []byte(r.Body), Sum: cases.Hash(sum),
		})
	}
	if err := c.Verify(events); err != nil {
		b.t.Errorf("%v: %s", err, &out)
	}
	if last := events[len(events)-1]; last.Kind != cases.EventBreached {
		b.t.Errorf("last event %s", last.Kind)
	}
	if err := exportLedger(b.t.Context(), st, "261123-9-9999", io.Discard); err == nil {
		b.t.Error("a case that does not exist was exported")
	}
}
