package console

import (
	"strings"
	"testing"
	"time"
)

// TestTrunks: the API tells of every server, the first page of those that are down.
func TestTrunks(t *testing.T) {
	t.Parallel()
	s, _ := newServer(deadStore(t))
	all := []Trunk{{Name: "carrier", Server: "192.0.2.1:5060", Up: true}}
	s.Trunks = func() []Trunk { return all }
	h := s.Handler()
	session := signIn(t, h)
	page := func() string { return text(t, ask(h, "GET", "/", "", "Cookie", session)) }
	if got := page(); strings.Contains(got, "192.0.2.1") {
		t.Error("a trunk that is up is on the first page")
	}
	all = append(all, Trunk{Name: "other", Server: "<b>192.0.2.2:5060", Reason: "no answer to OPTIONS", Since: noon})
	if got := page(); !strings.Contains(got, "other (&lt;b&gt;192.0.2.2:5060): no answer to OPTIONS") || strings.Contains(got, "192.0.2.1") {
		t.Errorf("page: %s", got)
	}
	got := decode[map[string][]map[string]any](t, askAPI(h, "/api/v1/trunks"), 200)["trunks"]
	if len(got) != 2 || got[0]["state"] != "up" || got[0]["up"] != true || got[0]["reason"] != nil ||
		got[1]["trunk"] != "other" || got[1]["state"] != "down" || got[1]["reason"] != "no answer to OPTIONS" || got[1]["since"] != noon.UTC().Format(time.RFC3339Nano) {
		t.Errorf("%v", got)
	}
}
