package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"shouwen/cases"
	"shouwen/cases/console"
	"shouwen/cases/store"
)

type exportCmd struct {
	Form     string `arg:"" optional:"" help:"Name of the register; left out: lists them."`
	From     string `help:"First day, like 2026-11-01; left out: the month that ended last."`
	Until    string `help:"Last day; left out: the last of the month of the first."`
	Format   string `help:"csv or xlsx." enum:"csv,xlsx" default:"xlsx"`
	Out      string `short:"o" help:"File to write, which must not be there; - for standard output; left out: named after the register."`
	Language string `help:"Of the register: zh-CN or en; left out: the configuration's."`
	Config   string `short:"c" help:"Configuration file of the server." type:"path"`
	Data     string `help:"Data directory of a running or stopped server; overrides the file's." type:"path"`
	Database string `help:"URL of the PostgreSQL in use, if not an own one." env:"SHOUWEN_DATABASE_URL"`
}

// Run writes a register, and that somebody has it on record.
func (c exportCmd) Run() error {
	cfg, err := (serveCmd{Config: c.Config, Data: c.Data, Agents: 1}).config()
	if err != nil {
		return err
	}
	rules, err := cfg.loadRules()
	if err != nil {
		return err
	}
	c.Language = cmp.Or(c.Language, cfg.Language)
	form, ok := rules.Policy.Form(c.Form)
	if !ok {
		return c.list(rules.Policy)
	}
	days, err := c.days(time.Now().In(rules.Calendar.Zone))
	if err != nil {
		return err
	}
	window, err := days.Window(rules.Calendar.Zone)
	if err != nil {
		return err
	}
	ctx := context.Background()
	st, done, err := openStore(ctx, cfg.Data, c.Database, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer done()
	known, err := st.Directory(ctx, 0)
	if err != nil && !errors.Is(err, store.ErrNotFound) { // without one, nobody has a name
		return err
	}
	r := console.Register{Form: form, Of: window, Reader: console.ReaderOf(rules, known.Directory, c.Language)}
	name := strings.Join([]string{form.Form, days.From, days.Until}, "_") + "." + c.Format
	return c.write(ctx, st, r, name)
}

// list names the registers there are; not to have named one of them is an error.
func (c exportCmd) list(p cases.Policy) error {
	var lines strings.Builder
	for _, f := range p.AllForms() {
		fmt.Fprintf(&lines, "%-24s %s\n", f.Form, f.Title.In(c.Language))
	}
	if c.Form != "" {
		return fmt.Errorf("no register %q; there are\n%s", c.Form, lines.String())
	}
	fmt.Print(lines.String())
	return nil
}

// days are those asked for; of the month before now unless they are said.
func (c exportCmd) days(now time.Time) (console.Days, error) {
	first := time.Date(now.Year(), now.Month()-1, 1, 0, 0, 0, 0, now.Location())
	if c.From != "" {
		var err error
		if first, err = time.ParseInLocation(time.DateOnly, c.From, now.Location()); err != nil {
			return console.Days{}, fmt.Errorf("--from %s: want a day like 2026-11-01", c.From)
		}
	}
	last := time.Date(first.Year(), first.Month()+1, 0, 0, 0, 0, 0, first.Location())
	return console.Days{From: first.Format(time.DateOnly), Until: cmp.Or(c.Until, last.Format(time.DateOnly))}, nil
}

// write writes r to its file, which is only for its owner, or to standard output.
func (c exportCmd) write(ctx context.Context, st *store.Store, r console.Register, name string) (err error) {
	var to io.Writer = os.Stdout
	if c.Out != "-" {
		f, err := os.OpenFile(cmp.Or(c.Out, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		to = f
	}
	lines, err := r.Write(ctx, st, console.Format(c.Format), to)
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "%s: %d lines\n", name, lines)
	return st.LogReport(ctx, store.ReportAccess{Who: "shouwen export", Report: name, Lines: lines})
}
