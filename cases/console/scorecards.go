package console

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"shouwen/cases"
	"shouwen/cases/store"
)

type timingBody struct {
	Due  int `json:"due" doc:"Clocks that are decided: met in time, or late."`
	Late int `json:"late"`
}

type ratesBody struct {
	Kept       *float64 `json:"kept,omitempty" doc:"首问办结率: kept / first_asked, in percent; left out like the others: of nothing."`
	Routed     *float64 `json:"routed,omitempty" doc:"一次转准率: (handed_over - misrouted) / handed_over."`
	Repeat     *float64 `json:"repeat,omitempty" doc:"重复诉求率: repeated / first_asked."`
	FirstAsker *float64 `json:"as_first_asker,omitempty" doc:"按时率: (due - late) / due, of clocks in front of a department."`
	Handler    *float64 `json:"as_handler,omitempty" doc:"按时率: (due - late) / due, of clocks behind it."`
	Satisfied  *float64 `json:"satisfied,omitempty" doc:"满意率: satisfied / answers."`
}

type cardBody struct {
	Who          string     `json:"who,omitempty" doc:"User or department; left out: all."`
	Name         string     `json:"name,omitempty"`
	FirstAsked   int        `json:"first_asked" doc:"Cases he was first asked in."`
	Kept         int        `json:"kept" doc:"Of those: answered without having been handed over."`
	HandedOver   int        `json:"handed_over" doc:"Of those."`
	Misrouted    int        `json:"misrouted" doc:"Of those handed over: given back as not theirs, and they were not. The first-asker's fault."`
	Repeated     int        `json:"repeated" doc:"Of first_asked: their callers came again about the same category within the profile's time (repeat.window)."`
	Received     int        `json:"received" doc:"Cases handed over to him."`
	Returned     int        `json:"returned" doc:"Cases he gave back."`
	Overruled    int        `json:"overruled" doc:"Of those: an arbiter decided that they were his. The handler's fault."`
	AsFirstAsker timingBody `json:"as_first_asker" doc:"Clocks in front of a department: passing on, answering, visiting. What is late is the first-asker's fault."`
	AsHandler    timingBody `json:"as_handler" doc:"Clocks behind it. What is late is the handler's fault."`
	Answers      int        `json:"answers" doc:"What callers said of it, from 1 to 5, in return visits and surveys."`
	Satisfied    int        `json:"satisfied" doc:"Of those: 4 or 5."`
	Mean         *float64   `json:"mean_answer,omitempty"`
	Rates        ratesBody  `json:"rates"`
}

func percent(r cases.Rate) *float64 {
	p, known := r.Percent()
	if !known {
		return nil
	}
	p = math.Round(p*10) / 10
	return &p
}

func cardOf(c cases.Card, name string) cardBody {
	b := cardBody{
		Who: c.Who, FirstAsked: c.FirstAsked, Kept: c.Kept, HandedOver: c.HandedOver, Misrouted: c.Misrouted, Repeated: c.Repeated,
		Received: c.Received, Returned: c.Returned, Overruled: c.Overruled,
		AsFirstAsker: timingBody(c.AsFirstAsker), AsHandler: timingBody(c.AsHandler), Answers: c.Answers, Satisfied: c.Satisfied,
		Rates: ratesBody{
			Kept: percent(c.KeptRate()), Routed: percent(c.RoutedRate()), Repeat: percent(c.RepeatRate()),
			FirstAsker: percent(c.AsFirstAsker.InTime()), Handler: percent(c.AsHandler.InTime()), Satisfied: percent(c.SatisfiedRate()),
		},
	}
	if name != c.Who {
		b.Name = name
	}
	if c.Answers > 0 {
		mean := math.Round(100*float64(c.Sum)/float64(c.Answers)) / 100
		b.Mean = &mean
	}
	return b
}

type scorecardsBody struct {
	From        time.Time  `json:"from"`
	Until       time.Time  `json:"until"`
	At          time.Time  `json:"at" doc:"As it stands then."`
	People      []cardBody `json:"people" nullable:"false"`
	Departments []cardBody `json:"departments" nullable:"false" doc:"other is what no department has."`
	All         cardBody   `json:"all"`
	Unowned     int        `json:"unowned" doc:"Cases nobody answers for, though they are not over."`
}

func (x *site) getScorecards(ctx context.Context, in *struct{ Days }) (*out[scorecardsBody], error) {
	w, err := x.window(in.Days)
	if err != nil {
		return nil, err
	}
	b, err := x.scorecards(ctx, w)
	if err := x.problem(err); err != nil {
		return nil, err
	}
	return &out[scorecardsBody]{b}, nil
}

func (x *site) scorecards(ctx context.Context, w store.Window) (scorecardsBody, error) {
	ctx, cancel := context.WithTimeout(ctx, reportPatience)
	defer cancel()
	now := x.Now()
	all, err := x.Store.Scorecards(ctx, w, now)
	if err != nil {
		return scorecardsBody{}, err
	}
	r := x.reader(english)
	people := x.People()
	return scorecardsBody{
		From: w.From.UTC(), Until: w.Until.UTC(), At: now.UTC(), All: cardOf(all.All, ""), Unowned: all.Unowned,
		People: mapped(all.People, func(c cases.Card) cardBody {
			p, _ := people.Person(c.Who)
			return cardOf(c, p.Name)
		}),
		Departments: mapped(all.Departments, func(c cases.Card) cardBody { return cardOf(c, r.Title(c.Who)) }),
	}, nil
}

// getScorecard is for everybody: what is counted of him. Those who oversee may ask for
// anybody's.
func (x *site) getScorecard(ctx context.Context, in *struct {
	Days
	User string `path:"user" maxLength:"128"`
}) (*out[cardBody], error) {
	if v := viewerOf(ctx); v.User != "" && v.User != in.User && !v.hasAny(overseers) {
		return nil, huma.Error403Forbidden(toldIn(ctx).word("not permitted"))
	}
	w, err := x.window(in.Days)
	if err != nil {
		return nil, err
	}
	all, err := x.scorecards(ctx, w)
	if err := x.problem(err); err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(all.People, func(c cardBody) bool { return c.Who == in.User }); i >= 0 {
		return &out[cardBody]{all.People[i]}, nil
	}
	return &out[cardBody]{cardOf(cases.Card{Who: in.User}, "")}, nil
}

type scorecardFileInput struct {
	Days
	Format   string `query:"format" enum:"csv,xlsx" default:"xlsx"`
	Language string `header:"Accept-Language" doc:"Of the file: zh or en."`
}

// cardColumns are those of the scorecards as a file: what each is called, and its formula.
var cardColumns = []struct {
	key   string // of reportWords
	value func(cardBody) any
}{
	{"card who", func(c cardBody) any { return c.Who }},
	{"card name", func(c cardBody) any { return c.Name }},
	{"card first_asked", func(c cardBody) any { return c.FirstAsked }},
	{"card kept", func(c cardBody) any { return c.Kept }},
	{"card kept rate", func(c cardBody) any { return known(c.Rates.Kept) }},
	{"card handed_over", func(c cardBody) any { return c.HandedOver }},
	{"card misrouted", func(c cardBody) any { return c.Misrouted }},
	{"card routed rate", func(c cardBody) any { return known(c.Rates.Routed) }},
	{"card repeated", func(c cardBody) any { return c.Repeated }},
	{"card repeat rate", func(c cardBody) any { return known(c.Rates.Repeat) }},
	{"card front due", func(c cardBody) any { return c.AsFirstAsker.Due }},
	{"card front late", func(c cardBody) any { return c.AsFirstAsker.Late }},
	{"card front rate", func(c cardBody) any { return known(c.Rates.FirstAsker) }},
	{"card received", func(c cardBody) any { return c.Received }},
	{"card returned", func(c cardBody) any { return c.Returned }},
	{"card overruled", func(c cardBody) any { return c.Overruled }},
	{"card behind due", func(c cardBody) any { return c.AsHandler.Due }},
	{"card behind late", func(c cardBody) any { return c.AsHandler.Late }},
	{"card behind rate", func(c cardBody) any { return known(c.Rates.Handler) }},
	{"card answers", func(c cardBody) any { return c.Answers }},
	{"card satisfied rate", func(c cardBody) any { return known(c.Rates.Satisfied) }},
}

// known is a cell that is empty if there is nothing to be known.
func known(p *float64) any {
	if p == nil {
		return nil
	}
	return *p
}

func (x *site) getScorecardFile(ctx context.Context, in *scorecardFileInput) (*huma.StreamResponse, error) {
	w, err := x.window(in.Days)
	if err != nil {
		return nil, err
	}
	l := accepted(in.Language)
	return x.download(ctx, "scorecards_"+in.From+"_"+in.Until, Format(in.Format), func(ctx context.Context, to io.Writer) (int, error) {
		b, err := x.scorecards(ctx, w)
		if err != nil {
			return 0, err
		}
		t, err := newTable(Format(in.Format), to, l.word("scorecards"))
		if err != nil {
			return 0, err
		}
		var notes [][]string
		head := []any{l.word("card of")}
		for _, c := range cardColumns {
			head = append(head, l.word(c.key))
			if formula := c.key + " formula"; l.word(formula) != formula {
				notes = append(notes, []string{l.word(c.key), l.word(formula)})
			}
		}
		if err := t.line(head...); err != nil {
			return 0, err
		}
		lines := 0
		for _, group := range []struct {
			of   string
			list []cardBody
		}{{"card person", b.People}, {"card department", b.Departments}, {"card all", []cardBody{b.All}}} {
			for _, c := range group.list {
				line := []any{l.word(group.of)}
				for _, column := range cardColumns {
					line = append(line, column.value(c))
				}
				if err := t.line(line...); err != nil {
					return 0, err
				}
				lines++
			}
		}
		return lines, t.close(notes)
	})
}

type ratingBody struct {
	User       string   `json:"user"`
	Group      float64  `json:"group" doc:"Score of the group's indicators, as given."`
	Recipients float64  `json:"recipients" doc:"Mean of the scores callers gave."`
	Asked      int      `json:"asked" doc:"Callers drawn from those who gave one."`
	Of         int      `json:"of" doc:"Callers who gave one."`
	Seed       string   `json:"seed" doc:"That they were drawn with: with the same one the same are drawn again."`
	Score      float64  `json:"score" doc:"By the weights of the profile."`
	Grade      string   `json:"grade" enum:"fail,pass,excellent"`
	Excellent  bool     `json:"may_be_excellent" doc:"In his yearly appraisal."`
	Proposed   []string `json:"proposed" nullable:"false" doc:"What the profile has be proposed for the grade; a person decides."`
}

// failedOffence is the code of the offence a policy has for who fails his assessment.
const failedOffence = "failed"

type ratingInput struct {
	Days
	User  string  `path:"user" maxLength:"128"`
	Group float64 `query:"group" required:"true" minimum:"0" maximum:"100" doc:"Score of the group's indicators."`
	Size  int     `query:"size" minimum:"1" maximum:"10000" doc:"How many callers are drawn; left out: as few as the profile allows."`
	Seed  string  `query:"seed" maxLength:"64" pattern:"^[0-9a-f]*$" doc:"Of the draw; left out: a new one."`
}

// getRating rates somebody by the formula of the profile: callers who gave a score are
// drawn by lot, and stay nameless (S24-R35).
func (x *site) getRating(ctx context.Context, in *ratingInput) (*out[ratingBody], error) {
	w, err := x.window(in.Days)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, reportPatience)
	defer cancel()
	given, err := x.Store.Answers(ctx, w, in.User)
	if err := x.problem(err); err != nil {
		return nil, err
	}
	a := x.Store.Rules.Policy.Assessment
	if in.Seed == "" {
		in.Seed = newSeed()
	}
	if in.Size == 0 {
		in.Size = max(1, a.MinRecipients)
	}
	var numbers []cases.CaseNumber
	for n := range given {
		numbers = append(numbers, n)
	}
	var scores []float64
	for _, n := range cases.Draw(in.Seed, numbers, in.Size) {
		scores = append(scores, cases.OnScale(given[n]))
	}
	r, err := a.Rate(in.Group, scores)
	switch {
	case errors.Is(err, cases.ErrSample):
		return nil, huma.Error422UnprocessableEntity(fmt.Sprintf(toldIn(ctx).word("too few said"), len(given), a.MinRecipients))
	case err != nil:
		return nil, huma.Error422UnprocessableEntity(toldIn(ctx).word("no formula"))
	}
	b := ratingBody{
		User: in.User, Group: r.Group, Recipients: r.Recipients, Asked: r.Asked, Of: len(given), Seed: in.Seed, Score: r.Score,
		Grade: string(r.Grade), Excellent: r.Excellent, Proposed: []string{},
	}
	if r.Grade == cases.GradeFail {
		for _, step := range x.Store.Rules.Policy.Sanctions.Propose(failedOffence, 1, "") {
			for _, s := range step.Propose {
				b.Proposed = append(b.Proposed, string(s))
			}
		}
	}
	return &out[ratingBody]{b}, nil
}

// newSeed is one for a draw that nobody could foresee.
func newSeed() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}
