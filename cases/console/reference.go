package console

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"shouwen/cases"
)

// registerReference has what cases are measured against: profile and calendar. The
// directory has a place of its own.
func (x *site) registerReference(api huma.API, operation func(id, path, summary string, also ...int) huma.Operation) {
	huma.Register(api, operation("get_profile", "/api/v1/profile", "What cases are held to, in words", 422), x.getProfile)
	huma.Register(api, operation("get_calendar", "/api/v1/calendar", "When the organisation works", 422), x.getCalendar)
}

type languageInput struct {
	Language string `header:"Accept-Language" doc:"Of explanations: zh or en."`
}

type classBody struct {
	Class     string `json:"class"`
	Title     string `json:"title"`
	Emergency bool   `json:"emergency"`
}

type profileBody struct {
	ID          string      `json:"id" example:"property_csc"`
	Version     string      `json:"version" doc:"A sum over what it says."`
	Title       string      `json:"title"`
	Sources     []string    `json:"sources" nullable:"false" doc:"Regulations it follows."`
	Classes     []classBody `json:"classes" nullable:"false" doc:"Of cases; the first is that of a case nobody has classified."`
	Explanation []string    `json:"explanation" nullable:"false" doc:"What it demands, one line for each thing, with the rules it follows."`
}

func (x *site) getProfile(_ context.Context, in *languageInput) (*out[profileBody], error) {
	p, l := x.Store.Rules.Policy, string(accepted(in.Language))
	ref := p.Ref()
	return &out[profileBody]{profileBody{
		ID: ref.ID, Version: ref.Version, Title: p.Title.In(l), Sources: append([]string{}, p.Sources...), Explanation: p.Explain(l),
		Classes: mapped(p.Classification.Classes, func(k cases.ClassPolicy) classBody {
			return classBody{string(k.Class), k.Title.In(l), k.Emergency}
		}),
	}}, nil
}

type weekdayBody struct {
	Day   string   `json:"day" enum:"sunday,monday,tuesday,wednesday,thursday,friday,saturday"`
	Hours []string `json:"hours" nullable:"false" doc:"HH:MM-HH:MM by the clock of the zone; none: closed."`
}

type dateBody struct {
	Date  string   `json:"date" format:"date"`
	Name  string   `json:"name,omitempty"`
	Hours []string `json:"hours" nullable:"false" doc:"None: closed."`
}

type calendarBody struct {
	Name  string        `json:"name"`
	Zone  string        `json:"zone" example:"Asia/Shanghai"`
	Week  []weekdayBody `json:"week" nullable:"false"`
	Dates []dateBody    `json:"dates" nullable:"false" doc:"That do not follow the week: holidays, and working days that make up for them; in order."`
	Years []int         `json:"years" nullable:"false" doc:"Whose holidays are known; of others only the week is."`
}

func (x *site) getCalendar(context.Context, *struct{}) (*out[calendarBody], error) {
	cal := x.Store.Rules.Calendar
	b := calendarBody{Name: cal.Name, Zone: cal.Zone.String(), Years: append([]int{}, cal.Years...), Dates: []dateBody{}}
	for day, hours := range cal.Week {
		b.Week = append(b.Week, weekdayBody{strings.ToLower(time.Weekday(day).String()), hoursOf(hours)})
	}
	for _, d := range slices.SortedFunc(maps.Keys(cal.Days), func(a, b cases.Date) int { return strings.Compare(a.String(), b.String()) }) {
		b.Dates = append(b.Dates, dateBody{d.String(), cal.Days[d].Name, hoursOf(cal.Days[d].Hours)})
	}
	return &out[calendarBody]{b}, nil
}

func hoursOf(all []cases.Interval) []string { return mapped(all, cases.Interval.String) }
