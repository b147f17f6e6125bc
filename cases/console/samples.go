package console

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"shouwen/cases/store"
)

type sampledBody struct {
	Number  string     `json:"case"`
	Why     string     `json:"why" enum:"drawn,contradicted" doc:"contradicted: the caller says that nobody answered him; such a case is always looked at."`
	Checked *time.Time `json:"checked,omitempty" doc:"Left out: not yet."`
	By      string     `json:"by,omitempty"`
	OK      *bool      `json:"ok,omitempty"`
	Finding string     `json:"finding,omitempty"`
}

// Right tells the page whether it was as the record says.
func (b sampledBody) Right() bool { return b.OK != nil && *b.OK }

type sampleBody struct {
	ID         int64         `json:"id"`
	Made       time.Time     `json:"made"`
	By         string        `json:"by"`
	From       time.Time     `json:"from"`
	Until      time.Time     `json:"until"`
	Seed       string        `json:"seed" doc:"Ordered by SHA-256 of the seed, a line feed and the number, the first of the candidates are those drawn."`
	Size       int           `json:"size"`
	Among      int           `json:"among" doc:"How many candidates there were."`
	Candidates []string      `json:"candidates" nullable:"false" doc:"None in lists."`
	Cases      []sampledBody `json:"cases" nullable:"false" doc:"None in lists."`
}

func sampleOf(s store.Sample) sampleBody {
	return sampleBody{
		ID: s.ID, Made: s.Made.UTC(), By: s.By, From: s.Of.From.UTC(), Until: s.Of.Until.UTC(), Seed: s.Seed, Size: s.Size, Among: s.Among, Candidates: texts(s.Candidates),
		Cases: mapped(s.Cases, func(c store.Sampled) sampledBody {
			b := sampledBody{Number: string(c.Number), Why: string(c.Why), By: c.By, Finding: c.Finding}
			if c.By != "" {
				b.Checked, b.OK = timeOf(c.Checked), &c.OK
			}
			return b
		}),
	}
}

type samplesBody struct {
	Samples []sampleBody `json:"samples" nullable:"false"`
}

type drawInput struct {
	Body struct {
		From    string `json:"from" format:"date" doc:"First day."`
		Until   string `json:"until" format:"date" doc:"Last day."`
		Percent int    `json:"percent,omitempty" minimum:"1" maximum:"100" doc:"Share of the cases that were answered; left out: the profile's."`
		Seed    string `json:"seed,omitempty" maxLength:"64" pattern:"^[0-9a-f]+$" doc:"Left out: a new one."`
	}
}

// drawSample draws return visits and handlings for a manager to check (S33-R10).
func (x *site) drawSample(ctx context.Context, in *drawInput) (*out[sampleBody], error) {
	percent := in.Body.Percent
	if p := x.Store.Rules.Policy.ReturnVisit.SamplingPercent; percent == 0 && p != nil {
		percent = *p
	}
	if percent == 0 {
		return nil, huma.Error422UnprocessableEntity("validation failed", &huma.ErrorDetail{Location: "body.percent", Message: toldIn(ctx).word("no share")})
	}
	w, err := x.window(Days{in.Body.From, in.Body.Until})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, reportPatience)
	defer cancel()
	s, err := x.Store.DrawSample(ctx, store.SampleOrder{
		By: viewerOf(ctx).or("api token"), For: viewerOf(ctx).whom(), Of: w, Percent: percent, Seed: cmp.Or(in.Body.Seed, newSeed()),
	})
	if errors.Is(err, store.ErrNoCandidates) {
		return nil, huma.Error422UnprocessableEntity(toldIn(ctx).word("no candidates"))
	}
	if err := x.problem(err); err != nil {
		return nil, err
	}
	return &out[sampleBody]{sampleOf(s)}, nil
}

func (x *site) listSamples(ctx context.Context, _ *struct{}) (*out[samplesBody], error) {
	ctx, cancel := context.WithTimeout(ctx, apiPatience)
	defer cancel()
	all, err := x.Store.Samples(ctx, 100)
	if err := x.problem(err); err != nil {
		return nil, err
	}
	return &out[samplesBody]{samplesBody{mapped(all, sampleOf)}}, nil
}

type sampleInput struct {
	ID int64 `path:"id" minimum:"1"`
}

func (x *site) getSample(ctx context.Context, in *sampleInput) (*out[sampleBody], error) {
	ctx, cancel := context.WithTimeout(ctx, apiPatience)
	defer cancel()
	s, err := x.Store.Sample(ctx, in.ID, viewerOf(ctx).whom())
	if err := x.problem(err); err != nil {
		return nil, err
	}
	return &out[sampleBody]{sampleOf(s)}, nil
}

type checkInput struct {
	ID int64 `path:"id" minimum:"1"`
	Numbered
	Body struct {
		OK      bool   `json:"ok" doc:"The handling and the answer were as the record says."`
		Finding string `json:"finding" minLength:"1" maxLength:"2000"`
	}
}

func (x *site) checkSampled(ctx context.Context, in *checkInput) (*struct{}, error) {
	ctx, cancel := context.WithTimeout(ctx, apiPatience)
	defer cancel()
	err := x.Store.CheckSampled(ctx, in.ID, store.Sampled{
		Number: in.Number, Checked: x.Now(), By: viewerOf(ctx).or("api token"), OK: in.Body.OK, Finding: in.Body.Finding,
	}, viewerOf(ctx).whom())
	if errors.Is(err, store.ErrChecked) {
		return nil, huma.Error409Conflict(toldIn(ctx).word("checked already"))
	}
	return nil, x.problem(err)
}

// registerSamples has what is drawn by lot for a manager to check.
func (x *site) registerSamples(api huma.API, operation func(id, path, summary string, also ...int) huma.Operation) {
	huma.Register(api, operation("list_samples", "/api/v1/samples", "Samples of return visits, the latest first", 422, 503), x.listSamples)
	huma.Register(api, operation("get_sample", "/api/v1/samples/{id}", "A sample, with what was found", 404, 422, 503), x.getSample)
	draw := operation("draw_sample", "/api/v1/samples", "Draw a sample of what was answered in some days", 422, 503)
	draw.Method = http.MethodPost
	huma.Register(api, draw, x.drawSample)
	check := operation("check_sampled", "/api/v1/samples/{id}/cases/{number}", "Put on record what was found of a case of a sample, once", 404, 409, 422, 503)
	check.Method, check.DefaultStatus = http.MethodPost, http.StatusNoContent
	huma.Register(api, check, x.checkSampled)
}
