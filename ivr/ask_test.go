package ivr_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"shouwen/ivr"
	"shouwen/ivr/prompts"
)

// TestCollect: what is keyed in once, and what becomes of it.
func TestCollect(t *testing.T) {
	tests := map[string]struct{ settings, todo, want string }{
		"ended by #":                          {"min: 2", "123#", "digits 123"},
		"ended by silence":                    {"min: 2", "123.", "digits 123"},
		"ended by the last":                   {"min: 2, max: 3", "123.", "digits 123"},
		"# after the last is not left over":   {"min: 2, max: 3", "123#", "digits 123"},
		"too few":                             {"min: 4", "123#", "invalid"},
		"none":                                {"min: 2", "#", "invalid"},
		"silence":                             {"min: 2", ".", "silent"},
		"no digit":                            {"min: 2", "1*", "invalid"},
		"a letter":                            {"min: 2", "1A", "invalid"},
		"into the prompt":                     {"min: 2", "<123#", "digits 123"},
		"emergency key among digits":          {"min: 2", "919#", "digits 919"},
		"emergency key first":                 {"min: 2", "<991#", "digits 991"},
		"emergency key alone, then silence":   {"min: 2", "9.", "emergency"},
		"emergency key alone, then #":         {"min: 2", "<9#", "emergency"},
		"emergency key right after the last":  {"min: 2, max: 2", "129", "digits 12, emergency"},
		"beginning as one of those":           {"min: 2, prefix: ['13', '15']", "1500#", "digits 1500"},
		"beginning otherwise":                 {"min: 2, prefix: ['13', '15']", "1600#", "invalid"},
		"check digit is right":                {"min: 2, valid: luhn", "79927398713#", "digits 79927398713"},
		"check digit is wrong":                {"min: 2, valid: luhn", "79927398710#", "invalid"},
		"leap day":                            {"min: 2, valid: date", "20240229#", "digits 20240229"},
		"no leap day":                         {"min: 2, valid: date", "20250229#", "invalid"},
		"date too short":                      {"min: 2, valid: date", "2025022#", "invalid"},
		"more than there can be: the 33rd is": {"min: 2", strings.Repeat("1", 33), "digits " + strings.Repeat("1", 32)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := load(t, `
start: ask
nodes:
  ask: {collect: {play: [greeting], into: n, `+tt.settings+`, tries: 1, next: bye, else: bye}}
  bye: {hangup: {}}`)
				exit, err := ivr.Walk{Flow: f, Language: "en"}.Run(t.Context(), &script{todo: tt.todo})
				if err != nil {
					t.Fatal(err)
				}
				var got []string
				for _, s := range exit.Steps {
					switch s.On {
					case "digits":
						got = append(got, "digits "+exit.Values["n"])
					case "silent", "invalid", "emergency":
						got = append(got, s.On)
					}
				}
				if got := strings.Join(got, ", "); got != tt.want {
					t.Errorf("%s, want %s", got, tt.want)
				}
			})
		})
	}
}

// TestTypingAhead: a key pressed too early answers the next question, which is then
// not asked.
func TestTypingAhead(t *testing.T) {
	f := load(t, `
start: ask
nodes:
  ask: {collect: {play: [greeting], into: n, min: 2, max: 3, next: menu, else: bye}}
  menu: {menu: {play: [main_menu], keys: {1: bye}, else: ask}}
  bye: {hangup: {play: [goodbye]}}`)
	c := &script{todo: "1231"}
	exit, err := ivr.Walk{Flow: f, Language: "en"}.Run(t.Context(), c)
	if err != nil || exit.Values["n"] != "123" || fmt.Sprint(c.heard) != "[en greeting en goodbye]" {
		t.Errorf("%+v, %v, heard %q", exit, err, c.heard)
	}
}

func TestTries(t *testing.T) {
	f := load(t, `
start: menu
nodes:
  menu: {menu: {play: [main_menu], keys: {1: hello}, tries: 3, else: agents}}
  hello: {say: {play: [greeting], next: menu}}
  agents: {queue: {name: general}}`)
	for todo, asked := range map[string]int{"1": 2, "11": 3, "111": 3, "818": 3} {
		c := &script{todo: todo}
		_, err := ivr.Walk{Flow: f, Language: "en"}.Run(t.Context(), c)
		if n := strings.Count(strings.Join(c.heard, " "), "main_menu"); n != asked || len(todo) < 3 != errors.Is(err, io.EOF) {
			t.Errorf("keys %s: asked %d times, want %d (%v)", todo, n, asked, err)
		}
	}
}

func TestSurvey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := load(t, shipped(t)["survey"])
		for todo, want := range map[string]map[string]int{"1": {"rate": 1}, "5": {"rate": 5}, "04": {"rate": 4}, "6.": {}, "..": {}} {
			exit, err := ivr.Walk{Flow: f, Language: "en"}.Run(t.Context(), &script{todo: todo})
			if err != nil || fmt.Sprint(exit.Scores) != fmt.Sprint(want) {
				t.Errorf("keys %s: %v, %v", todo, exit.Scores, err)
			}
		}
	})
}

func TestStepsTellTheWalkWithoutDigits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		walk := ivr.Walk{Flow: load(t, shipped(t)["township"]), Language: "zh-CN", Open: func(string) bool { return true }}
		exit, err := walk.Run(t.Context(), &script{todo: ".2712"})
		if !errors.Is(err, io.EOF) || err.Error() != `node "ask_staff": EOF` || exit.To != "" {
			t.Errorf("%q, %v", exit.To, err)
		}
		var got []string
		for _, s := range exit.Steps {
			got = append(got, fmt.Sprintf("%s %s %s", s.At.Sub(start), s.Node, s.On))
		}
		const want = "0s hours open,3s language silent,3s language else,3s main key 2,3s ask_staff hung up"
		if got := strings.Join(got, ","); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	})
}

// TestSpokenValues: variables in prompts, and values that cannot be said.
func TestSpokenValues(t *testing.T) {
	tests := map[string]struct{ item, value, want string }{
		"number":             {"number=caller", "205", "n2 hundred and n5"},
		"number too large":   {"number=caller", "1000000", ""},
		"no number":          {"number=caller", "many", ""},
		"ordinal":            {"ordinal=caller", "2", "th2"},
		"digits":             {"digits=caller", "+86 10", "n8 n6 pause n1 n0"},
		"date":               {"date=caller", "2026-10-02", "month10 th2 n2 thousand and n20 n6"},
		"date keyed in":      {"date=caller", "20261002", "month10 th2 n2 thousand and n20 n6"},
		"no date":            {"date=caller", "tomorrow", ""},
		"time":               {"time=caller", "15:05", "n3 oh n5 pm"},
		"time of a moment":   {"time=caller", "2026-10-02T08:00:00+08:00", "n8 am"},
		"no time":            {"time=caller", "25:00", ""},
		"duration":           {"duration=caller", "1h20m", "n1 hour n20 minutes"},
		"duration in second": {"duration=caller", "61", "n1 minute n1 second"},
		"no duration":        {"duration=caller", "-", ""},
		"not set":            {"number=caller", "", ""},
	}
	for name, tt := range tests {
		c := &script{}
		f := load(t, "start: bye\nnodes: {bye: {hangup: {play: [goodbye, "+tt.item+"]}}}")
		_, err := ivr.Walk{Flow: f, Language: "en", Values: map[string]string{"caller": tt.value}}.Run(t.Context(), c)
		if got := strings.TrimSpace(strings.TrimPrefix(strings.Join(c.heard, "|"), "en goodbye")); err != nil || got != tt.want {
			t.Errorf("%s: %q, %v, want %q", name, got, err, tt.want)
		}
	}
}

// gone hangs up while something is played.
type gone struct{ script }

func (*gone) Play(context.Context, string, []prompts.Name) (byte, error) { return 0, io.EOF }

func TestRunEndsWithTheCallOrItsContext(t *testing.T) {
	f := load(t, shipped(t)["example"])
	walk := ivr.Walk{Flow: f, Language: "en", Open: func(string) bool { return true }}
	if exit, err := walk.Run(t.Context(), &gone{}); !errors.Is(err, io.EOF) || exit.Steps[len(exit.Steps)-1].On != "hung up" {
		t.Errorf("%v, %v", exit.Steps, err)
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 7*time.Second)
		defer cancel()
		start := time.Now()
		if _, err := walk.Run(ctx, &script{todo: "......"}); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 7*time.Second {
			t.Errorf("%v after %s", err, time.Since(start))
		}
	})
}
