package console

import (
	"context"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"shouwen/cases"
	"shouwen/cases/store"
)

type casesInput struct {
	Number     string    `query:"number" maxLength:"64" pattern:"^[0-9-]*$" doc:"That it begins with." example:"261123-1-"`
	Caller     string    `query:"caller" maxLength:"64" doc:"Caller's number as the cases show it, e.g. %2B861055550101, or its last digits, three at least."`
	Name       string    `query:"name" maxLength:"128" doc:"Part of the caller's name: two Chinese characters, or three letters, at least."`
	Text       string    `query:"text" maxLength:"256" doc:"Part of what was written down (numbers, name, content, address, organisation, result): two Chinese characters, or three letters or digits, at least."`
	FirstAsker string    `query:"first_asker" maxLength:"128" doc:"User who picked up."`
	Department string    `query:"department" maxLength:"128" doc:"That has it."`
	State      string    `query:"state" enum:"open,registered,solved,handed_over,accepted,result_in,replied,visited,closed,refused,withdrawn,merged"`
	Flag       string    `query:"flag" maxLength:"64" pattern:"^[a-z0-9_]*$" doc:"That is set." example:"answer_denied"`
	Clock      string    `query:"clock" maxLength:"64" doc:"A clock of this kind runs." example:"reply_caller"`
	ClockIs    string    `query:"clock_is" enum:"running,paused,at_risk,late" doc:"And how it stands with it; without clock: with any. running is paused, too; at_risk is past its warning."`
	From       time.Time `query:"from" doc:"Opened then or later."`
	Until      time.Time `query:"until" doc:"Opened before."`
	Cursor     string    `query:"cursor" maxLength:"128" doc:"Where the last page ended: its next."`
	Limit      int       `query:"limit" minimum:"1" maximum:"500" default:"50"`
}

// Resolve refuses text the database could not take, and what is in every case.
func (in *casesInput) Resolve(huma.Context) (errs []error) {
	for location, text := range map[string]string{
		"query.caller": in.Caller, "query.first_asker": in.FirstAsker, "query.cursor": in.Cursor, "query.name": in.Name, "query.text": in.Text,
		"query.department": in.Department, "query.clock": in.Clock,
	} {
		if !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
			errs = append(errs, &huma.ErrorDetail{Location: location, Message: "expected UTF-8 without control characters"})
		}
	}
	for location, text := range map[string]string{"query.caller": in.Caller, "query.name": in.Name, "query.text": in.Text} {
		if text != "" && !store.Searchable(text) {
			errs = append(errs, &huma.ErrorDetail{Location: location, Message: "expected two Chinese characters, or three letters or digits, at least"})
		}
	}
	return errs
}

// caller returns the number asked for. A plus that was not escaped has arrived
// as a space.
func (in *casesInput) caller() cases.Number {
	if number, ok := strings.CutPrefix(in.Caller, " "); ok {
		return cases.Number("+" + number)
	}
	return cases.Number(in.Caller)
}

type casePageBody struct {
	Cases []caseBody `json:"cases" nullable:"false"`
	Next  string     `json:"next,omitempty" doc:"Cursor of the next page; left out on the last."`
}

func (x *site) listCases(ctx context.Context, in *casesInput) (*out[casePageBody], error) {
	ctx, cancel := context.WithTimeout(ctx, apiPatience)
	defer cancel()
	list, next, err := x.Store.Cases(ctx, store.Filter{
		Number: in.Number, Caller: in.caller(), Name: in.Name, Text: in.Text, FirstAsker: in.FirstAsker, Department: in.Department,
		State: cases.State(in.State), Flag: cases.Flag(in.Flag), Clock: store.ClockFilter{Kind: cases.ClockKind(in.Clock), Is: store.ClockCondition(in.ClockIs), AsNow: x.Now()},
		From: in.From, Until: in.Until, For: viewerOf(ctx).whom(), After: store.Cursor(in.Cursor), Limit: in.Limit,
	})
	if err := x.problem(err); err != nil {
		return nil, err
	}
	return &out[casePageBody]{casePageBody{Cases: mapped(list, caseOf), Next: string(next)}}, nil
}
