package console

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"shouwen/cases"
)

// Commands is what the console asks of live calls and of the journal. Errors of
// which whoever gave the command is to know are a *Refusal. Safe from any
// goroutine.
type Commands interface {
	// Monitor puts the supervisor whose phone this is (an extension or a user) on
	// the line of a call's agent, or changes his mode; with an empty mode he leaves.
	Monitor(call, phone string, mode cases.MonitorMode) error
	// Record starts, pauses or resumes the recording of a call for user by.
	Record(call, by, action string) error
	// Alarm has whoever manages emergencies rung, for user by, who talks with the caller.
	Alarm(call, by string) error
	// Hold keeps the recordings of a case whatever their time, or no longer.
	Hold(ctx context.Context, c cases.Case, h cases.LegalHold) error
	// Delivered puts on record that a message has reached the caller of a case.
	Delivered(ctx context.Context, c cases.Case, m cases.MessageDelivered) error
}

type callQualityInput struct {
	ID string `path:"id" format:"uuid" doc:"Of the call."`
}

type legBody struct {
	Side      string  `json:"side" enum:"caller,agent,supervisor"`
	User      string  `json:"user,omitempty" doc:"Of the phone; left out outside."`
	Trunk     string  `json:"trunk,omitempty" doc:"That brought the caller."`
	Codec     string  `json:"codec"`
	Packets   uint64  `json:"packets" doc:"RTP received from it."`
	Lost      uint64  `json:"lost"`
	Jitter    float64 `json:"jitter_seconds" doc:"RFC 3550."`
	RoundTrip float64 `json:"round_trip_seconds,omitempty" doc:"By RTCP; left out: not told."`
	FarLost   uint64  `json:"far_lost" doc:"Of what was sent to it, as it reports."`
	FarJitter float64 `json:"far_jitter_seconds"`
	MOS       float64 `json:"mos,omitempty" doc:"Mean opinion score, 1 to 4.5, by the E-model (ITU-T G.107)."`
	Unscored  string  `json:"unscored,omitempty" enum:"no_media,too_short,no_rtcp" doc:"Why there is no score."`
}

type callQualityBody struct {
	Legs []legBody `json:"legs" nullable:"false" doc:"Whoever took part so far."`
}

// callQuality tells how well the sides of a live call are heard, up to now.
func (x *site) callQuality(ctx context.Context, in *callQualityInput) (*out[callQualityBody], error) {
	legs, err := x.Quality(in.ID)
	if err := x.refusal(ctx, err); err != nil {
		return nil, err
	}
	return &out[callQualityBody]{callQualityBody{mapped(legs, func(q cases.LegQuality) legBody {
		return legBody{
			Side: string(q.Side), User: q.User, Trunk: q.Trunk, Codec: q.Codec, Packets: q.Packets, Lost: q.Lost,
			Jitter: time.Duration(q.Jitter).Seconds(), RoundTrip: time.Duration(q.RoundTrip).Seconds(),
			FarLost: q.FarLost, FarJitter: time.Duration(q.FarJitter).Seconds(), MOS: q.MOS, Unscored: q.Unscored,
		}
	})}}, nil
}

// Refusal says why a command was not carried out.
type Refusal struct {
	Status int // of HTTP
	Reason cases.Words
}

func (r *Refusal) Error() string { return r.Reason.EN }

// refusal returns the API's answer to an error of a command, in the language of who gave
// it, nil to none.
func (x *site) refusal(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if r, ok := errors.AsType[*Refusal](err); ok {
		return huma.NewError(r.Status, r.Reason.In(string(toldIn(ctx))))
	}
	x.Log.Error("console", "err", err)
	return huma.NewError(http.StatusInternalServerError, details[http.StatusInternalServerError])
}

type messageInput struct {
	Numbered
	Body struct {
		ID string `json:"id" minLength:"1" maxLength:"128" doc:"Of the message, as the program has it that sent it; moves cite it as evidence."`
		To string `json:"to" minLength:"1" maxLength:"64" doc:"Number it went to."`
	}
}

func (x *site) messageDelivered(ctx context.Context, in *messageInput) (*struct{}, error) {
	ctx, cancel := context.WithTimeout(ctx, apiPatience)
	defer cancel()
	c, _, err := x.caseSeen(ctx, in.Number)
	if err := x.problem(err); err != nil {
		return nil, err
	}
	return nil, x.refusal(ctx, x.Commands.Delivered(ctx, c, cases.MessageDelivered{ID: in.Body.ID, To: cases.Number(in.Body.To)}))
}

type alarmInput struct {
	ID   string `path:"id" format:"uuid" doc:"Of the call."`
	Body struct {
		By string `json:"by" minLength:"1" maxLength:"128" doc:"User who talks with the caller."`
	}
}

func (x *site) alarm(ctx context.Context, in *alarmInput) (*struct{}, error) {
	return nil, x.refusal(ctx, x.Commands.Alarm(in.ID, in.Body.By))
}

type monitorInput struct {
	ID   string `path:"id" format:"uuid" doc:"Of the call."`
	Body struct {
		Mode  cases.MonitorMode `json:"mode" enum:"listen,whisper,barge" doc:"Hear both; be heard by the agent alone; by both."`
		Phone string            `json:"phone" minLength:"1" maxLength:"128" doc:"Extension or user of the supervisor."`
	}
}

// monitor rings the supervisor, or changes the mode of one who is on the line.
func (x *site) monitor(ctx context.Context, in *monitorInput) (*struct{}, error) {
	return nil, x.refusal(ctx, x.Commands.Monitor(in.ID, in.Body.Phone, in.Body.Mode))
}

// monitorFromPage is monitor by a button beside a call; on his own phone, and of those calls
// he is told of. The button without a mode takes him off the line.
func (x *site) monitorFromPage(w http.ResponseWriter, r *http.Request) {
	v, mode := viewerOf(r.Context()), cases.MonitorMode(r.FormValue("mode"))
	known := slices.ContainsFunc(v.heard(x.Calls()), func(c Call) bool { return c.ID == r.PathValue("id") })
	switch {
	case v.User == "" || !slices.Contains([]cases.MonitorMode{"", cases.MonitorListen, cases.MonitorWhisper, cases.MonitorBarge}, mode):
		x.fail(w, r, http.StatusBadRequest)
	case !known:
		x.fail(w, r, http.StatusNotFound)
	default:
		x.obey(w, r, x.Commands.Monitor(r.PathValue("id"), v.User, mode), "/")
	}
}

type monitorEndInput struct {
	ID    string `path:"id" format:"uuid" doc:"Of the call."`
	Phone string `query:"phone" required:"true" minLength:"1" maxLength:"128" doc:"Extension or user of the supervisor."`
}

func (x *site) endMonitor(ctx context.Context, in *monitorEndInput) (*struct{}, error) {
	return nil, x.refusal(ctx, x.Commands.Monitor(in.ID, in.Phone, ""))
}

type recordInput struct {
	ID   string `path:"id" format:"uuid" doc:"Of the call."`
	Body struct {
		Action string `json:"action" enum:"start,pause,resume" doc:"Start is for calls that are recorded on demand."`
		By     string `json:"by" minLength:"1" maxLength:"128" doc:"User of the call's agent, or of a supervisor."`
	}
}

func (x *site) record(ctx context.Context, in *recordInput) (*struct{}, error) {
	return nil, x.refusal(ctx, x.Commands.Record(in.ID, in.Body.By, in.Body.Action))
}
