package ivr_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"shouwen/ivr"
	"shouwen/ivr/prompts"
)

// script is a caller who does one thing after the other, then hangs up: a key
// answers a question, < before it presses it into what is being played, and a dot
// stays silent for once.
type script struct {
	todo  string
	heard []string // language and prompts, a line each time
}

func (s *script) next() byte {
	b := s.todo[0]
	s.todo = s.todo[1:]
	return b
}

func (s *script) Play(ctx context.Context, language string, names []prompts.Name) (byte, error) {
	s.heard = append(s.heard, language+" "+strings.Trim(fmt.Sprint(names), "[]"))
	if strings.HasPrefix(s.todo, "<") {
		s.next()
		return s.next(), nil
	}
	return 0, ctx.Err()
}

func (s *script) Digit(ctx context.Context) (byte, error) {
	if s.todo == "" {
		return 0, io.EOF
	}
	if b := s.next(); b != '.' {
		return b, nil
	}
	<-ctx.Done()
	return 0, ctx.Err()
}

// refs are what the shipped flows may refer to.
func refs(t testing.TB) ivr.References {
	own := []prompts.Name{
		"our_languages", "our_menu", "our_still_there", "our_key_in_case", "our_key_in_staff", "our_key_in_number",
		"our_case", "our_due", "our_night",
	}
	sets := map[string]prompts.Set{}
	for _, lang := range prompts.Languages {
		set, _, err := prompts.Load(lang, "")
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range own {
			set[name] = prompts.Prompt{}
		}
		sets[lang] = set
	}
	return ivr.References{
		Sets: sets, Queues: []string{"general", "supervisors"}, Extensions: []string{"8001"}, Mailboxes: []string{"general"},
		Hours: []string{"hotline"}, Classes: []string{"complaint"}, Categories: []string{"staff"}, Values: []string{"caller"},
	}
}

// load loads a flow that must have nothing wrong.
func load(t testing.TB, text string) ivr.Flow {
	t.Helper()
	f, err := ivr.Load([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range f.Check(refs(t)) {
		if !p.Warning {
			t.Fatal(p)
		}
	}
	return f
}

func shipped(t testing.TB) map[string]string {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) < 3 {
		t.Fatalf("flows %v, %v", files, err)
	}
	all := map[string]string{"example": ivr.Example}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all[strings.TrimSuffix(filepath.Base(file), ".yaml")] = string(b)
	}
	return all
}

func TestShippedFlows(t *testing.T) {
	warnings := map[string][]string{
		"township": {
			`warning: node "main": menu on level 2: GB/T 33358 advises against menus, all the more against menus behind menus`,
		},
	}
	for name, text := range shipped(t) {
		f := load(t, text)
		var got []string
		for _, p := range f.Check(refs(t)) {
			got = append(got, p.String())
		}
		if !slices.Equal(got, warnings[name]) {
			t.Errorf("%s: %q, want %q", name, got, warnings[name])
		}
	}
}

// TestExampleNeedsNoOtherPrompts: the example works as it is shipped.
func TestExampleNeedsNoOtherPrompts(t *testing.T) {
	for _, name := range load(t, ivr.Example).Prompts() {
		if strings.HasPrefix(string(name), "our_") {
			t.Errorf("prompt %s is not built in", name)
		}
	}
}

func TestPromptsNamesWhatIsPlayed(t *testing.T) {
	got := load(t, shipped(t)["elsewhere"]).Prompts()
	if want := []prompts.Name{"our_key_in_number", "will_call_back"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// status answers the look-up of the township flow.
func status(body string) func(*http.Request) (*http.Response, error) {
	return func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(body))}, nil
	}
}

func TestWalk(t *testing.T) {
	const state = `{"case": {"state": "open", "due": "2026-10-02T15:20:00+08:00"}}`
	tests := map[string]struct {
		flow, todo string
		closed     bool
		to         string
		heard      string // part of it
		took       time.Duration
	}{
		"straight through":            {"township", "13", false, "extension 8001", "zh-CN our_languages|zh-CN our_menu", 0},
		"in English":                  {"township", "20", false, "queue general", "en our_menu|en please_hold", 0},
		"silent throughout":           {"township", "....", false, "queue general", "our_still_there|zh-CN our_menu|zh-CN our_still_there|zh-CN please_hold", 18 * time.Second},
		"wrong, silent, right":        {"township", "18.0", false, "queue general", "our_menu|zh-CN invalid_key|zh-CN our_menu|zh-CN our_still_there|zh-CN our_menu", 5 * time.Second},
		"round and round":             {"township", "1#####", false, "queue general", "our_menu|zh-CN our_menu|zh-CN our_menu|zh-CN please_hold", 0},
		"keys into the prompts":       {"township", "<2<3", false, "extension 8001", "zh-CN our_languages|en our_menu", 0},
		"emergency in a menu":         {"township", "1*", false, "emergency ", "our_menu", 0},
		"emergency in a prompt":       {"township", "<*", true, "emergency ", "zh-CN closed", 0},
		"emergency in digits":         {"township", "11260*", false, "emergency ", "our_key_in_case", 0},
		"complaint":                   {"township", "128123.", false, "queue supervisors", "our_key_in_staff", time.Second},
		"emergency in the last words": {"township", "1<*", true, "emergency ", "will_call_back", 0},
		"case open, again, person": {"township", "1126092110042#.3", false, "extension 8001",
			"our_case n2 n6 n0 n9 n2 yao yao n0 n0 n4 n2 our_due n2 n0 n2 n6 year n10 month n2 day n10 n5 oclock n2 n10 past|zh-CN our_menu",
			time.Millisecond},
		"at night: call me":  {"township", "1", true, "callback ", "closed|zh-CN our_night|zh-CN will_call_back", 0},
		"at night: message":  {"township", "2", true, "voicemail general", "our_night|zh-CN leave_message", 0},
		"at night: nothing":  {"township", "..", true, "hangup ", "our_night|zh-CN our_night|zh-CN goodbye", 10 * time.Second},
		"example, no key":    {"example", "..", false, "queue general", "zh-CN greeting|zh-CN main_menu|zh-CN main_menu", 10 * time.Second},
		"example, emergency": {"example", "<9", false, "emergency ", "zh-CN greeting", 0},
		"example, key ahead": {"example", "<2", false, "callback ", "zh-CN greeting", 0},
		"score":              {"survey", "5", false, "hangup ", "rate_service|zh-CN goodbye", 0},
		"no score: 9":        {"survey", "9.", false, "hangup ", "rate_service|zh-CN invalid_key|zh-CN rate_service|zh-CN goodbye", 8 * time.Second},
	}
	flows := shipped(t)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				caller, start := &script{todo: tt.todo}, time.Now()
				exit, err := ivr.Walk{
					Flow: load(t, flows[tt.flow]), Language: "zh-CN",
					Open: func(of string) bool { return of == "hotline" && !tt.closed },
					HTTP: func(r *http.Request) (*http.Response, error) {
						time.Sleep(time.Millisecond)
						return status(state)(r)
					},
				}.Run(t.Context(), caller)
				if got := fmt.Sprint(exit.To, " ", exit.Name); err != nil || got != tt.to {
					t.Errorf("to %q, %v, want %q: %v", got, err, tt.to, exit.Steps)
				}
				if heard := strings.Join(caller.heard, "|"); !strings.Contains(heard, tt.heard) {
					t.Errorf("heard %s, want %s", heard, tt.heard)
				}
				if took := time.Since(start); took != tt.took {
					t.Errorf("took %s, want %s", took, tt.took)
				}
			})
		})
	}
}

// TestOneFlowForManyCallers: walks share the flow and nothing else.
func TestOneFlowForManyCallers(t *testing.T) {
	walk := ivr.Walk{Flow: load(t, ivr.Example), Language: "en", Open: func(string) bool { return true }}
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			todo, want := "81", ivr.ToQueue
			if i%2 == 0 {
				todo, want = "2", ivr.ToCallback
			}
			if exit, err := walk.Run(t.Context(), &script{todo: todo}); err != nil || exit.To != want {
				t.Errorf("keys %s: %+v, %v", todo, exit, err)
			}
		})
	}
	wg.Wait()
}

func TestExitHasWhatCameTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		flows, walk := shipped(t), ivr.Walk{Language: "zh-CN", Open: func(string) bool { return true }}
		walk.Flow = load(t, flows["township"])
		exit, err := walk.Run(t.Context(), &script{todo: "228123."})
		if err != nil {
			t.Fatal(err)
		}
		if exit.Language != "en" || exit.Class != "complaint" || exit.Category != "staff" || exit.Priority != 7 || exit.Avoid != "8123" {
			t.Errorf("%+v", exit)
		}
	})
}
