package console

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"shouwen/cases"
	"shouwen/cases/store"
)

const (
	reportPatience = time.Minute // with the database
	registerLines  = 100_000     // at most
	longestWindow  = 366         // days
)

// ErrTooLong reports a register with more lines than anybody reads.
var ErrTooLong = fmt.Errorf("more than %d lines: ask for fewer days", registerLines)

// Register is a form with a line for every case, or note of a shift, of a time.
type Register struct {
	Form   cases.Form
	Of     store.Window
	Reader cases.Reader
	For    *cases.Actor // only what he may see; nil: everything
}

// Write writes r and returns how many lines it has.
func (r Register) Write(ctx context.Context, st *store.Store, f Format, w io.Writer) (lines int, err error) {
	t, err := newTable(f, w, r.Form.Title.In(r.Reader.Language))
	if err != nil {
		return 0, err
	}
	columns := r.Reader.Columns(r.Form)
	if err := t.line(mapped(columns, func(c cases.Column) any { return c.Title })...); err != nil {
		return 0, err
	}
	if r.Form.Form == cases.FormGaps {
		gaps, err := st.Gaps(ctx, r.Of)
		for i := 0; err == nil && i < len(gaps); i++ {
			err = t.line(mapped(r.Reader.GapLine(gaps[i]), func(s string) any { return s })...)
		}
		if err != nil {
			return 0, err
		}
		return len(gaps), t.close(notesOf(columns))
	}
	err = st.EachCase(ctx, r.Of, r.Form.Event(), r.For, func(e store.Entry) error {
		if !r.Form.Holds(e.Case, r.Reader.Policy) {
			return nil
		}
		if lines++; lines > registerLines {
			return ErrTooLong
		}
		line := r.Reader.Line(r.Form, e.Case, e.Left, e.By, e.At)
		return t.line(mapped(line, func(s string) any { return s })...)
	})
	if err != nil {
		return 0, err
	}
	return lines, t.close(notesOf(columns))
}

// notesOf say who asks for the columns.
func notesOf(columns []cases.Column) [][]string {
	return mapped(columns, func(c cases.Column) []string { return []string{c.Title, strings.Join(c.Rules, ", ")} })
}

// reader is for whom registers are written in a language.
func (x *site) reader(l lang) cases.Reader { return ReaderOf(x.Store.Rules, x.People(), string(l)) }

// ReaderOf returns a reader of registers who knows the people of the directory.
func ReaderOf(rules cases.Rulebook, people cases.Directory, language string) cases.Reader {
	return cases.Reader{
		Language: language, Zone: rules.Calendar.Zone, Policy: rules.Policy,
		Name: func(user string) string {
			if p, ok := people.Person(user); ok && p.Name != "" {
				return p.Name + " (" + user + ")"
			}
			return user
		},
		Title: func(name string) string {
			if d, ok := people.Department(name); ok && d.Title != "" {
				return d.Title
			}
			return name
		},
	}
}

// Days are the days a report is about, of the organisation's calendar.
type Days struct {
	From  string `query:"from" required:"true" format:"date" doc:"First day." example:"2026-11-01"`
	Until string `query:"until" required:"true" format:"date" doc:"Last day." example:"2026-11-30"`
}

// Window returns the time from the first day to the last in zone.
func (d Days) Window(zone *time.Location) (store.Window, error) {
	first, err := cases.ParseDate(d.From)
	if err != nil {
		return store.Window{}, err
	}
	last, err := cases.ParseDate(d.Until)
	if err != nil {
		return store.Window{}, err
	}
	w := store.Window{From: first.Start(zone), Until: last.Next().Start(zone)}
	switch {
	case !w.From.Before(w.Until):
		return store.Window{}, fmt.Errorf("%s is after %s", d.From, d.Until)
	case w.Until.Sub(w.From) > (longestWindow+1)*24*time.Hour:
		return store.Window{}, fmt.Errorf("more than %d days", longestWindow)
	}
	return w, nil
}

// lastMonth is the month that ended last.
func (x *site) lastMonth() Days {
	today := x.Now().In(x.Store.Rules.Calendar.Zone)
	first := time.Date(today.Year(), today.Month(), 1, 0, 0, 0, 0, today.Location())
	return Days{first.AddDate(0, -1, 0).Format(time.DateOnly), first.AddDate(0, 0, -1).Format(time.DateOnly)}
}

// window returns the time the days are, or the API's answer to days that are none.
func (x *site) window(d Days) (store.Window, error) {
	w, err := d.Window(x.Store.Rules.Calendar.Zone)
	if err != nil {
		return w, huma.Error422UnprocessableEntity("validation failed", &huma.ErrorDetail{Location: "query.until", Message: err.Error()})
	}
	return w, nil
}

type columnBody struct {
	Field string   `json:"field,omitempty" doc:"Left out: what every line begins with."`
	Title string   `json:"title"`
	Rules []string `json:"rules" nullable:"false" doc:"Of the catalogue, that ask for it."`
}

type registerBody struct {
	Form    string       `json:"form" example:"first_ask_register"`
	Title   string       `json:"title"`
	Columns []columnBody `json:"columns" nullable:"false"`
	Copies  int          `json:"copies,omitempty" doc:"When it is printed; left out: one."`
	Rules   []string     `json:"rules" nullable:"false"`
}

type registersBody struct {
	Registers []registerBody `json:"registers" nullable:"false"`
}

func (x *site) listRegisters(_ context.Context, in *languageInput) (*out[registersBody], error) {
	r := x.reader(accepted(in.Language))
	return &out[registersBody]{registersBody{mapped(x.Store.Rules.Policy.AllForms(), func(f cases.Form) registerBody {
		return registerBody{f.Form, f.Title.In(r.Language), mapped(r.Columns(f), func(c cases.Column) columnBody {
			return columnBody{string(c.Field), c.Title, append([]string{}, c.Rules...)}
		}), f.Copies, append([]string{}, f.Rules...)}
	})}}, nil
}

type registerInput struct {
	Days
	Form     string `path:"form" maxLength:"64" example:"first_ask_register"`
	Format   string `query:"format" enum:"csv,xlsx" default:"xlsx"`
	Language string `header:"Accept-Language" doc:"Of the register: zh or en."`
}

func (x *site) getRegister(ctx context.Context, in *registerInput) (*huma.StreamResponse, error) {
	form, ok := x.Store.Rules.Policy.Form(in.Form)
	if !ok {
		return nil, x.problem(store.ErrNotFound)
	}
	w, err := x.window(in.Days)
	if err != nil {
		return nil, err
	}
	r := Register{form, w, x.reader(accepted(in.Language)), viewerOf(ctx).whom()}
	return x.download(ctx, form.Form+"_"+in.From+"_"+in.Until, Format(in.Format), func(ctx context.Context, to io.Writer) (int, error) {
		return r.Write(ctx, x.Store, Format(in.Format), to)
	})
}

// download makes a file whole before anything of it is sent, so that an error in it is
// a problem document; who got it is on record before he gets it.
func (x *site) download(ctx context.Context, name string, f Format, write func(context.Context, io.Writer) (int, error)) (*huma.StreamResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, reportPatience)
	defer cancel()
	spool, err := os.CreateTemp("", "shouwen-report-")
	if err != nil {
		x.Log.Error("console", "err", err)
		return nil, huma.Error500InternalServerError(details[http.StatusInternalServerError])
	}
	_ = os.Remove(spool.Name()) // it is gone with the last who has it open
	lines, err := write(ctx, spool)
	if err == nil {
		err = x.Store.LogReport(ctx, store.ReportAccess{Who: viewerOf(ctx).or("api token"), Report: name + "." + string(f), Lines: lines})
	}
	if err == nil {
		_, err = spool.Seek(0, io.SeekStart)
	}
	if err != nil {
		_ = spool.Close()
		if errors.Is(err, ErrTooLong) {
			return nil, huma.Error422UnprocessableEntity("validation failed", &huma.ErrorDetail{Location: "query.until", Message: err.Error()})
		}
		return nil, x.problem(err)
	}
	return &huma.StreamResponse{Body: func(c huma.Context) {
		defer spool.Close()
		c.SetHeader("Content-Type", mediaTypes[f])
		c.SetHeader("Content-Disposition", `attachment; filename="`+name+"."+string(f)+`"`)
		_, w := humago.Unwrap(c)
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(reportPatience)) // a writer without deadlines needs none
		_, _ = io.Copy(c.BodyWriter(), spool)                                              // the client may be gone
	}}, nil
}

// downloads describes an operation that answers with a file.
func downloads(op huma.Operation) huma.Operation {
	content := map[string]*huma.MediaType{}
	for _, media := range mediaTypes {
		content[media] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}
	}
	op.Responses = map[string]*huma.Response{"200": {Description: "The file. Who got it is on record.", Content: content}}
	return op
}
