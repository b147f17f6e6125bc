package ivr_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"shouwen/ivr"
	"shouwen/ivr/prompts"
)

// restless is a caller who presses whatever comes to his mind and never hangs up.
type restless struct {
	choose func(what string, n int) int // 0 to n-1
}

const keys = "0123456789*#A"

func (r restless) Play(context.Context, string, []prompts.Name) (byte, error) {
	if i := r.choose("during", 3*len(keys)); i < len(keys) {
		return keys[i], nil
	}
	return 0, nil
}

func (r restless) Digit(ctx context.Context) (byte, error) {
	if i := r.choose("digit", 2*len(keys)); i < len(keys) {
		return keys[i], nil
	}
	if _, ok := ctx.Deadline(); !ok { // during a request
		<-ctx.Done()
		return 0, ctx.Err()
	}
	return 0, context.DeadlineExceeded // as if time had passed
}

// world answers a walk's questions at random.
func world(f ivr.Flow, choose func(string, int) int) ivr.Walk {
	return ivr.Walk{
		Flow: f, Language: "en", Open: func(string) bool { return choose("open", 2) == 0 },
		HTTP: func(r *http.Request) (*http.Response, error) {
			if r.Context().Err() != nil {
				return nil, r.Context().Err()
			}
			return status(`{"a": 1}`)(r)
		},
	}
}

// bound is how many steps a walk may have: every try is one, and between two answers
// no node is passed twice.
func bound(f ivr.Flow) int {
	tries := 0
	for _, n := range f.Nodes {
		switch {
		case n.Menu != nil:
			tries += n.Menu.Tries
		case n.Collect != nil:
			tries += n.Collect.Tries
		case n.Survey != nil:
			tries += n.Survey.Tries
		}
	}
	return tries + (tries+1)*len(f.Nodes)
}

// node draws a node that leads to any of on when the caller answers and to any of
// ahead when he does not.
func node(t *rapid.T, on, ahead []string) ivr.Node {
	to := func(names []string) string { return rapid.SampledFrom(names).Draw(t, "to") }
	ask := ivr.Ask{Play: []ivr.Item{{Name: "greeting"}}, Tries: rapid.IntRange(1, 3).Draw(t, "tries"), Timeout: time.Second, Else: to(ahead)}
	switch rapid.IntRange(0, 6).Draw(t, "kind") {
	case 0:
		return ivr.Node{Say: &ivr.Say{Play: []ivr.Item{{Name: "greeting"}, {Say: "digits", Variable: "n"}}, Next: to(ahead)}}
	case 1:
		return ivr.Node{Hours: &ivr.Hours{Of: "hotline", Open: to(ahead), Closed: to(ahead)}}
	case 2:
		return ivr.Node{Set: &ivr.Set{Priority: 3, Next: to(ahead)}}
	case 3:
		return ivr.Node{HTTP: &ivr.HTTP{Get: "http://cases.example/", Limit: time.Second, Take: map[string]string{"n": "a"}, Next: to(ahead), Fail: to(ahead)}}
	case 4:
		return ivr.Node{Survey: &ivr.Survey{Ask: ask, Next: to(on)}}
	case 5:
		return ivr.Node{Collect: &ivr.Collect{Ask: ask, Into: "n", Min: 2, Max: rapid.IntRange(2, 4).Draw(t, "max"), Next: to(on)}}
	default:
		m := &ivr.Menu{Ask: ask, Keys: map[string]string{}}
		for _, key := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"1", "2", "3", "*", "#"}), 1, 3, rapid.ID).Draw(t, "keys") {
			m.Keys[key] = to(on)
		}
		return ivr.Node{Menu: m}
	}
}

// graph draws a flow. If ordered, what happens without an answer leads forward only.
func graph(t *rapid.T, ordered bool) ivr.Flow {
	n := rapid.IntRange(1, 12).Draw(t, "nodes")
	names := make([]string, n+1)
	for i := range names {
		names[i] = fmt.Sprintf("n%02d", i)
	}
	f := ivr.Flow{Start: names[0], Emergency: rapid.SampledFrom([]string{"9", "off"}).Draw(t, "emergency"), Nodes: map[string]ivr.Node{}}
	for i := range n {
		ahead := names
		if ordered {
			ahead = names[i+1:]
		}
		f.Nodes[names[i]] = node(t, names, ahead)
	}
	f.Nodes[names[n]] = ivr.Node{Hangup: &ivr.Leaf{Play: []ivr.Item{{Name: "goodbye"}}}}
	return f
}

// TestEveryCheckedFlowEnds: whatever the caller does, for ever, the walk has an end.
func TestEveryCheckedFlowEnds(t *testing.T) {
	known := refs(t)
	known.Values = []string{"n"}
	checked := 0
	rapid.Check(t, func(t *rapid.T) {
		ordered := rapid.Bool().Draw(t, "ordered")
		f := graph(t, ordered)
		for _, p := range f.Check(known) {
			switch {
			case p.Warning:
			case p.Text == "no way leads here":
				delete(f.Nodes, p.Node)
			case ordered:
				t.Fatalf("no loop here: %s", p)
			default:
				return
			}
		}
		checked++
		choose := func(what string, n int) int { return rapid.IntRange(0, n-1).Draw(t, what) }
		exit, err := world(f, choose).Run(t.Context(), restless{choose})
		if err != nil || exit.To != ivr.ToHangup && exit.To != ivr.ToEmergency {
			t.Errorf("%q, %v", exit.To, err)
		}
		if len(exit.Steps) > bound(f) {
			t.Errorf("%d steps, want at most %d: %v", len(exit.Steps), bound(f), exit.Steps)
		}
		if exit.To == ivr.ToEmergency && f.Emergency == "off" {
			t.Error("emergency though it is off")
		}
	})
	if checked < 20 {
		t.Errorf("only %d flows passed the check", checked)
	}
}

// TestCheckIsTheSameEveryTime, and so is the diagram.
func TestCheckIsTheSameEveryTime(t *testing.T) {
	known := refs(t)
	rapid.Check(t, func(t *rapid.T) {
		f := graph(t, false)
		f.Start = rapid.SampledFrom([]string{"n00", "x"}).Draw(t, "start")
		again := ivr.Flow{Start: f.Start, Emergency: f.Emergency, Nodes: maps.Clone(f.Nodes)}
		if a, b := f.Check(known), again.Check(known); !slices.Equal(a, b) {
			t.Errorf("%v, then %v", a, b)
		}
		if f.Start == "n00" && f.Mermaid() != again.Mermaid() {
			t.Error("two diagrams")
		}
	})
}

func FuzzLoad(f *testing.F) {
	for _, text := range shipped(f) {
		f.Add([]byte(text), []byte("1"))
	}
	f.Add([]byte(small), []byte{0, 1, 2, 3})
	f.Add([]byte(lookUp), []byte("9"))
	known := refs(f)
	f.Fuzz(func(t *testing.T, text, choices []byte) {
		flow, err := ivr.Load(text)
		if err != nil {
			return
		}
		for _, p := range flow.Check(known) {
			if !p.Warning {
				return
			}
		}
		flow.Mermaid()
		i := 0
		choose := func(_ string, n int) int {
			if len(choices) == 0 {
				return n - 1
			}
			i++
			return int(choices[i%len(choices)]) % n
		}
		exit, err := world(flow, choose).Run(t.Context(), restless{choose})
		if errors.Is(err, io.EOF) || err == nil == (exit.To == "") || len(exit.Steps) > bound(flow) {
			t.Errorf("%+v, %v", exit, err)
		}
	})
}
