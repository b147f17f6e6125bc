package console

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// Duties is how the console changes what agents do. Errors of which whoever asked
// is to know are a *Refusal. Safe from any goroutine.
type Duties interface {
	// Ready ends the agent's pause, and his wrap-up.
	Ready(user string) error
	// Pause says that he wants no calls, for one of the configured reasons.
	Pause(user, reason string) error
	// ExtendWrapUp gives him more to finish what his last call left to do.
	ExtendWrapUp(user string, d time.Duration) error
}

type agentInput struct {
	User string `path:"user" maxLength:"128" doc:"Of the agent."`
}

func (x *site) setReady(ctx context.Context, in *agentInput) (*struct{}, error) {
	return nil, x.refusal(ctx, x.Duties.Ready(in.User))
}

type pauseInput struct {
	User string `path:"user" maxLength:"128" doc:"Of the agent."`
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"40" doc:"One of the configured reasons." example:"lunch"`
	}
}

func (x *site) pause(ctx context.Context, in *pauseInput) (*struct{}, error) {
	return nil, x.refusal(ctx, x.Duties.Pause(in.User, in.Body.Reason))
}

type wrapUpInput struct {
	User string `path:"user" maxLength:"128" doc:"Of the agent."`
	Body struct {
		Seconds int `json:"seconds" minimum:"1" maximum:"3600" doc:"To add to what is left."`
	}
}

func (x *site) extendWrapUp(ctx context.Context, in *wrapUpInput) (*struct{}, error) {
	return nil, x.refusal(ctx, x.Duties.ExtendWrapUp(in.User, time.Duration(in.Body.Seconds)*time.Second))
}

func (x *site) registerDuties(api huma.API, command func(method, id, path, summary string, also ...int) huma.Operation) {
	huma.Register(api, command("POST", "set_agent_ready", "/api/v1/agents/{user}/ready", "End an agent's pause, and his wrap-up", 404), x.setReady)
	huma.Register(api, command("POST", "pause_agent", "/api/v1/agents/{user}/pause", "Give an agent no calls", 404), x.pause)
	huma.Register(api, command("POST", "extend_wrap_up", "/api/v1/agents/{user}/wrap_up", "Prolong the wrap-up under way", 404, 409), x.extendWrapUp)
}

// makeReady is the button beside an agent whose phone was not answered.
func (x *site) makeReady(w http.ResponseWriter, r *http.Request) {
	user := r.PathValue("user")
	err := x.Duties.Ready(user)
	if err == nil {
		x.Log.Info("agent made ready", "agent", user, "source", source(r))
	}
	x.obey(w, r, err, "/")
}
