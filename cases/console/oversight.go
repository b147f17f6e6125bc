package console

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"shouwen/cases"
)

// oversightPage is a page of those who oversee: over some days, with what the API says of
// them, or why it says nothing.
type oversightPage struct {
	Days
	Refused string // empty: it was not

	Samples  []sampleBody // the latest first
	Sample   *sampleBody
	May      bool // draw, or put on record what was found
	Percent  int  // the profile's share; 0: it has none
	Found    *proposalsBody
	Public   *publicationBody
	K        int
	Rating   *ratingBody
	Of       string // user who is rated
	Group    string // score of his group, as typed
	Formula  cases.Assessment
	Offences []cases.Offence
}

// Offence is what an offence is called.
func (p oversightPage) Offence(code string, l lang) string {
	for _, o := range p.Offences {
		if o.Code == code {
			return o.Title.In(string(l))
		}
	}
	return code
}

// oversight begins a page: of the month that ended last, unless other days are asked for.
func (x *site) oversight(r *http.Request) (oversightPage, context.Context) {
	p := oversightPage{Days: x.lastMonth(), Offences: x.Store.Rules.Policy.Sanctions.Offences}
	if from, until := r.FormValue("from"), r.FormValue("until"); from != "" && until != "" {
		p.Days = Days{from, until}
	}
	return p, context.WithValue(r.Context(), languageKey{}, languageOf(r))
}

// showOversight answers with a page, if need be with what err says.
func (x *site) showOversight(w http.ResponseWriter, r *http.Request, name string, p oversightPage, err error) {
	status := http.StatusOK
	if err != nil {
		refused, ok := errors.AsType[huma.StatusError](err)
		if !ok {
			panic(err) // the API says so, or nothing
		}
		if status = refused.GetStatus(); status == http.StatusNotFound || status >= http.StatusInternalServerError {
			x.fail(w, r, status)
			return
		}
		var said []string
		if problem, ok := errors.AsType[*huma.ErrorModel](err); ok {
			for _, e := range problem.Errors {
				said = append(said, e.Message)
			}
			if len(said) == 0 {
				said = []string{problem.Detail}
			}
		}
		p.Refused = strings.Join(said, "; ")
	}
	x.render(w, r, status, name, p)
}

func (x *site) showSamples(w http.ResponseWriter, r *http.Request) {
	p, ctx := x.oversight(r)
	x.listOfSamples(ctx, w, r, p, nil)
}

// listOfSamples answers with the samples there are, and with why no other was drawn.
func (x *site) listOfSamples(ctx context.Context, w http.ResponseWriter, r *http.Request, p oversightPage, refused error) {
	p.May = viewerOf(ctx).may("draw_sample")
	if percent := x.Store.Rules.Policy.ReturnVisit.SamplingPercent; percent != nil {
		p.Percent = *percent
	}
	list, err := x.listSamples(ctx, nil)
	if err == nil {
		p.Samples, err = list.Body.Samples, refused
	}
	x.showOversight(w, r, "samples", p, err)
}

func (x *site) drawFromPage(w http.ResponseWriter, r *http.Request) {
	p, ctx := x.oversight(r)
	in := drawInput{}
	in.Body.From, in.Body.Until = p.From, p.Until
	in.Body.Percent, _ = strconv.Atoi(r.FormValue("percent")) // none: the profile's
	if in.Body.Percent < 0 || in.Body.Percent > 100 {
		x.fail(w, r, http.StatusBadRequest)
		return
	}
	drawn, err := x.drawSample(ctx, &in)
	if err != nil {
		x.listOfSamples(ctx, w, r, p, err)
		return
	}
	http.Redirect(w, r, "/samples/"+strconv.FormatInt(drawn.Body.ID, 10), http.StatusSeeOther)
}

func (x *site) showSample(w http.ResponseWriter, r *http.Request) {
	p, ctx := x.oversight(r)
	x.oneSample(ctx, w, r, p, nil)
}

// oneSample answers with a sample, and with why nothing was put on record.
func (x *site) oneSample(ctx context.Context, w http.ResponseWriter, r *http.Request, p oversightPage, refused error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		x.fail(w, r, http.StatusNotFound)
		return
	}
	p.May = viewerOf(ctx).may("check_sampled")
	one, err := x.getSample(ctx, &sampleInput{ID: id})
	if err == nil {
		p.Sample, err = &one.Body, refused
	}
	x.showOversight(w, r, "sample", p, err)
}

func (x *site) checkFromPage(w http.ResponseWriter, r *http.Request) {
	p, ctx := x.oversight(r)
	in := checkInput{Numbered: Numbered{cases.CaseNumber(r.PathValue("number"))}}
	in.ID, _ = strconv.ParseInt(r.PathValue("id"), 10, 64) // none: there is no such sample
	in.Body.OK, in.Body.Finding = r.FormValue("ok") == "yes", strings.TrimSpace(r.FormValue("finding"))
	if in.Body.Finding == "" {
		x.oneSample(ctx, w, r, p, huma.Error422UnprocessableEntity(toldIn(ctx).word("what was found")))
		return
	}
	if _, err := x.checkSampled(ctx, &in); err != nil {
		x.oneSample(ctx, w, r, p, err)
		return
	}
	http.Redirect(w, r, "/samples/"+r.PathValue("id"), http.StatusSeeOther)
}

func (x *site) showProposals(w http.ResponseWriter, r *http.Request) {
	p, ctx := x.oversight(r)
	got, err := x.getProposals(ctx, &proposalsInput{Days: p.Days, Language: string(toldIn(ctx))})
	if err == nil {
		p.Found = &got.Body
	}
	x.showOversight(w, r, "proposals", p, err)
}

func (x *site) showPublication(w http.ResponseWriter, r *http.Request) {
	p, ctx := x.oversight(r)
	if p.K, _ = strconv.Atoi(r.FormValue("k")); p.K < smallestGroup || p.K > largestGroup {
		p.K = usualGroup
	}
	got, err := x.getPublication(ctx, &publicationInput{Days: p.Days, K: p.K})
	if err == nil {
		p.Public = &got.Body
	}
	x.showOversight(w, r, "publication", p, err)
}

func (x *site) showRating(w http.ResponseWriter, r *http.Request) {
	p, ctx := x.oversight(r)
	p.Of, p.Group, p.Formula = r.FormValue("user"), r.FormValue("group"), x.Store.Rules.Policy.Assessment
	group, err := strconv.ParseFloat(p.Group, 64)
	if p.Of == "" || err != nil || group < 0 || group > 100 {
		x.showOversight(w, r, "rating", p, nil)
		return
	}
	got, err := x.getRating(ctx, &ratingInput{Days: p.Days, User: p.Of, Group: group, Seed: r.FormValue("seed")})
	if err == nil {
		p.Rating = &got.Body
	}
	x.showOversight(w, r, "rating", p, err)
}

// Again is the address at which the same callers are drawn again.
func (p oversightPage) Again() string {
	return "/rating?" + url.Values{"from": {p.From}, "until": {p.Until}, "user": {p.Of}, "group": {p.Group}, "seed": {p.Rating.Seed}}.Encode()
}
