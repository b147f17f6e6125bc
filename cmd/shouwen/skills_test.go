package main

import (
	"encoding/json"
	"net/http"
	"testing"
)

// TestSkills: of a queue that asks for skills, who lacks one is not rung, and who has more
// of what is wished rings first; why is on show.
func TestSkills(t *testing.T) {
	t.Parallel()
	b := newBed(t, 3, func(c *Config) {
		book := examplePhonebook(3)
		book.People[0].Skills = Skills{"english": 1, "calm": 9}
		book.People[1].Skills = Skills{"english": 2}
		book.People[2].Skills = Skills{"english": 3, "calm": 1}
		if err := book.save(c.Data); err != nil {
			t.Fatal(err)
		}
		q := &c.Queues[0]
		q.Strategy, q.Required, q.Wished = "skills", Skills{"english": 2}, Skills{"calm": 1}
		c.HTTP.Console = "127.0.0.1:0"
	})
	p := &passed{bed: b, phones: b.agents(3)}
	p.caller = b.dial(numbered(1))
	best := p.phones[2].Incoming()
	p.phones[1].Never("INVITE", silentFor)
	if reason, offers := b.reasons(); reason != "skills" || offers["skills"] != 1 {
		t.Errorf("rung because of %q, offers %v", reason, offers)
	}
	best.Reject(486)
	good := p.phones[1].Incoming()
	good.Answer()
	p.talk(good, 1)
	if n := p.phones[0].Count("INVITE"); n != 0 {
		t.Errorf("who speaks too little English was rung %d times", n)
	}
	p.caller.Hangup()
	good.Ended()
}

// reasons returns why the only caller's phones ring, and all offers, by reason.
func (b *bed) reasons() (reason string, offers map[string]int) {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), "GET", b.API.Base+"/agents", nil)
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+b.API.Token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	var got struct {
		Queues []struct {
			Waiting []struct{ Reason string }
			Offers  map[string]int
		}
	}
	if err := json.NewDecoder(res.Body).Decode(&got); err != nil {
		b.t.Fatal(err)
	}
	if len(got.Queues) != 1 || len(got.Queues[0].Waiting) != 1 {
		b.t.Fatalf("queues %+v", got)
	}
	return got.Queues[0].Waiting[0].Reason, got.Queues[0].Offers
}
