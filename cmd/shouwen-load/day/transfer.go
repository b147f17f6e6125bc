package day

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"shouwen/sip/siptest"
)

// liveBody is a call that is up.
type liveBody struct {
	ID     string `json:"id"`
	Agent  string `json:"agent"`
	Target string `json:"target"` // to whom the agent is passing the caller on
	Caller struct {
		E164 string `json:"e164"`
	} `json:"caller"`
}

// errNotUp reports a call that is over.
var errNotUp = errors.New("the call is not up")

// live returns the call of a caller.
func (a *api) live(ctx context.Context, number string) (liveBody, error) {
	var up struct {
		Calls []liveBody `json:"calls"`
	}
	err := a.ask(ctx, http.MethodGet, "/calls", nil, nil, &up)
	for _, c := range up.Calls {
		if c.Caller.E164 == number {
			return c, nil
		}
	}
	return liveBody{}, errors.Join(err, errNotUp)
}

// transfer passes the caller of a call on, for the agent who talks with him.
func (a *api) transfer(ctx context.Context, id, by, kind, extension string) error {
	return a.do(ctx, http.MethodPost, "/calls/"+id+"/transfer", nil, map[string]string{"by": by, "kind": kind, "extension": extension}, nil)
}

// complete leaves caller and target of a transfer to each other.
func (a *api) complete(ctx context.Context, id, by string) error {
	return a.do(ctx, http.MethodPost, "/calls/"+id+"/complete", nil, map[string]string{"by": by}, nil)
}

// noTarget tells a transfer that failed because nobody could be rung from a request
// that meant nothing at that moment.
func noTarget(err error) bool {
	p, refused := errors.AsType[*refusal](err)
	return refused && p.Status == http.StatusConflict && strings.HasPrefix(p.Detail, "target ")
}

// consult is how long an agent tells whom he passes a caller on to what it is about.
const consult = 20 * time.Second

// passesOn has an agent pass his caller on to the competent department. It returns who
// has the caller then.
func (p *Player) passesOn(ctx context.Context, who *caller, c *siptest.Call, agent party, kind string) party {
	live, err := p.api.live(ctx, who.Number)
	if err == nil {
		err = p.api.transfer(ctx, live.ID, agent.user, kind, p.directory.extension(who.Category.Department))
	}
	if noTarget(err) {
		p.counts.add(transfers, hotline.queue, kind, "department", "returned")
		return agent
	}
	for target := (party{}); err == nil; {
		select {
		case target = <-who.passed:
			if kind == "warm" && sleep(ctx, p.Pace.phone(consult)) {
				err = p.api.complete(ctx, live.ID, agent.user)
			}
			continue
		case <-c.Done():
			err = errNotUp
			continue
		case <-time.After(50 * time.Millisecond):
		}
		live, err = p.api.live(ctx, who.Number)
		switch {
		case err != nil || live.Target != "":
		case live.Agent == agent.user:
			p.counts.add(transfers, hotline.queue, kind, "department", "returned")
			return agent
		case live.Agent == target.user:
			p.counts.add(transfers, hotline.queue, kind, "department", "completed")
			p.counts.add(handled, hotline.queue) // the agent's part; that of the target ends with the call
			<-agent.call.Done()
			return target
		}
	}
	p.problem("%s: %s cannot pass him on: %v", who.Number, agent.user, err)
	return agent
}
