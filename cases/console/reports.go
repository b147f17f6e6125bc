package console

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"shouwen/cases"
	"shouwen/cases/store"
)

// registerReports has what those who oversee take away.
func (x *site) registerReports(api huma.API, operation func(id, path, summary string, also ...int) huma.Operation) {
	huma.Register(api, operation("list_registers", "/api/v1/reports/registers", "Registers (台账) there are, with their columns and who asks for them", 422), x.listRegisters)
	huma.Register(api, downloads(operation("get_register", "/api/v1/reports/registers/{form}", "A register of some days, as a file", 404, 422, 503)), x.getRegister)
	huma.Register(api, operation("list_report_accesses", "/api/v1/reports/accesses", "Who took which report away, the latest first", 422, 503), x.listReportAccesses)
	huma.Register(api, operation("get_scorecards", "/api/v1/scorecards", "How everybody did with the cases of some days, the fault split between first-asker and handler", 422, 503), x.getScorecards)
	huma.Register(api, downloads(operation("get_scorecard_file", "/api/v1/reports/scorecards", "The scorecards of some days, as a file", 422, 503)), x.getScorecardFile)
	huma.Register(api, operation("get_scorecard", "/api/v1/scorecards/{user}", "How one person did: everybody sees his own", 403, 422, 503), x.getScorecard)
	x.registerPublication(api, operation)
	x.registerSamples(api, operation)
	huma.Register(api, operation("get_proposals", "/api/v1/proposals", "Sanctions that may be proposed for what was verified in some days, and what is suspected", 422, 503), x.getProposals)
	huma.Register(api, operation("get_trace", "/api/v1/cases/{number}/trace", "Who had a case when, and whom they asked upward", 404, 422, 503), x.getTrace)
	huma.Register(api, operation("get_rating", "/api/v1/scorecards/{user}/rating", "The score and grade of one person by the profile's formula", 422, 503), x.getRating)
}

type reportAccessBody struct {
	At    time.Time `json:"at"`
	Who   string    `json:"who" doc:"User, or by which token."`
	File  string    `json:"file" example:"slip_2026-11-01_2026-11-30.csv"`
	Lines int       `json:"lines"`
}

type reportAccessesBody struct {
	Accesses []reportAccessBody `json:"accesses" nullable:"false"`
}

func (x *site) listReportAccesses(ctx context.Context, in *struct {
	Limit int `query:"limit" minimum:"1" maximum:"500" default:"50"`
}) (*out[reportAccessesBody], error) {
	ctx, cancel := context.WithTimeout(ctx, apiPatience)
	defer cancel()
	list, err := x.Store.ReportAccesses(ctx, in.Limit)
	if err := x.problem(err); err != nil {
		return nil, err
	}
	return &out[reportAccessesBody]{reportAccessesBody{mapped(list, func(a store.ReportAccess) reportAccessBody {
		return reportAccessBody{a.At.UTC(), a.Who, a.Report, a.Lines}
	})}}, nil
}

// reportsPage is what may be downloaded.
type reportsPage struct {
	Days
	Registers []reportRow
}

// daysForm asks for the days of a report.
type daysForm struct{ Action, From, Until string }

type reportRow struct {
	Form, Title string
	Columns     []cases.Column
}

func (x *site) showReports(w http.ResponseWriter, r *http.Request) {
	l := languageOf(r)
	reader := x.reader(l)
	page := reportsPage{Days: x.lastMonth()}
	for _, f := range x.Store.Rules.Policy.AllForms() {
		page.Registers = append(page.Registers, reportRow{f.Form, f.Title.In(string(l)), reader.Columns(f)})
	}
	x.render(w, r, http.StatusOK, "reports", page)
}
