package console

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"shouwen/cases"
	"shouwen/cases/store/storetest"
)

// TestOutsideCalls: who called whom about no case is for those who oversee others.
func TestOutsideCalls(t *testing.T) {
	t.Parallel()
	st := storetest.New(t)
	s, _ := newServer(st)
	f := cases.Fact{ID: "019ab000-0000-7000-8000-000000000001", At: noon, Call: "019ab000-0000-7000-8000-000000000002", OutboundDecided: &cases.OutboundDecided{
		Actor: "1001", Number: "+8616812345", Reason: "premium",
	}}
	if err := st.Apply(t.Context(), []cases.Fact{f}); err != nil {
		t.Fatal(err)
	}
	h := s.Handler()
	got := decode[map[string][]map[string]any](t, askAPI(h, "/api/v1/outside_calls?until=2100-01-01T00:00:00Z"), 200)["calls"]
	want := []map[string]any{{"at": noon.UTC().Format("2006-01-02T15:04:05.999999999Z07:00"), "user": "1001", "number": "+8616812345", "allowed": false, "reason": "premium"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if got := decode[map[string][]map[string]any](t, askAPI(h, "/api/v1/outside_calls?user=1002&until=2100-01-01T00:00:00Z"), 200)["calls"]; len(got) != 0 {
		t.Errorf("%v", got)
	}
}
