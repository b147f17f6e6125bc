package day

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"shouwen/sip/siptest"
)

// Live is a call that is up.
type Live struct {
	ID     string `json:"id"`
	Agent  string `json:"agent"`
	Target string `json:"target"` // to whom the agent is passing the caller on
	Caller struct {
		E164 string `json:"e164"`
	} `json:"caller"`
}

// errNotUp reports a call that is over.
var errNotUp = errors.New("the call is not up")

// Live returns the call of a caller.
func (a *API) Live(ctx context.Context, number string) (Live, error) {
	var up struct {
		Calls []Live `json:"calls"`
	}
	err := a.ask(ctx, http.MethodGet, "/calls", nil, nil, &up)
	for _, c := range up.Calls {
		if c.Caller.E164 == number {
			return c, nil
		}
	}
	return Live{}, errors.Join(err, errNotUp)
}

// Transfer passes the caller of a call on, for the agent who talks with him.
func (a *API) Transfer(ctx context.Context, id, by, kind, extension string) error {
	return a.do(ctx, http.MethodPost, "/calls/"+id+"/transfer", nil, map[string]string{"by": by, "kind": kind, "extension": extension}, nil)
}

// Complete leaves caller and target of a transfer to each other.
func (a *API) Complete(ctx context.Context, id, by string) error {
	return a.do(ctx, http.MethodPost, "/calls/"+id+"/complete", nil, map[string]string{"by": by}, nil)
}

// noTarget tells a transfer that failed because nobody could be rung from a request
// that meant nothing at that moment.
func noTarget(err error) bool {
	p, refused := errors.AsType[*Problem](err)
	return refused && p.Status == http.StatusConflict && strings.HasPrefix(p.Detail, "target ")
}

// consult is how long an agent tells whom he passes a caller on to what it is about.
const consult = 20 * time.Second

// passesOn has an agent pass his caller on to the competent department. It returns who
// has the caller then.
func (p *Player) passesOn(ctx context.Context, who *caller, c *siptest.Call, agent party, kind string) party {
	live, err := p.API.Live(ctx, who.Number)
	if err == nil {
		err = p.API.Transfer(ctx, live.ID, agent.user, kind, p.directory.extension(who.Category.Department))
	}
	if noTarget(err) {
		p.counts.add(transfers, hotline.queue, kind, "department", "returned")
		return agent
	}
	for target := (party{}); err == nil; {
		select {
		case target = <-who.passed:
			if kind == "warm" && sleep(ctx, p.Pace.phone(consult)) {
				err = p.API.Complete(ctx, live.ID, agent.user)
			}
			continue
		case <-c.Done():
			err = errNotUp
			continue
		case <-time.After(50 * time.Millisecond):
		}
		live, err = p.API.Live(ctx, who.Number)
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
