package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"shouwen/cases"
	"shouwen/cases/store"
	"shouwen/metrics"
)

// headsFile has a line for every day: day, number of events, head of the ledger.
const headsFile = "ledger_heads.txt"

const headTick = time.Minute // between two looks whether it is another day

// keepLedgerHeads writes down the head of the ledger every day.
func (s *server) keepLedgerHeads(ctx context.Context) error {
	return s.job(metrics.LedgerHead, headTick, func(ctx context.Context) error {
		return s.writeLedgerHead(ctx, time.Now().In(s.zone).Format(time.DateOnly))
	}).Run(ctx)
}

// writeLedgerHead adds the line of a day to the file, unless it is there.
func (s *server) writeLedgerHead(ctx context.Context, day string) error {
	file := filepath.Join(s.cfg.Data, headsFile)
	old, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("ledger head: %w", err)
	}
	if strings.HasPrefix(string(old), day) || strings.Contains(string(old), "\n"+day) {
		return nil
	}
	head, err := s.database.store.LedgerHead(ctx, day, s.channels.Head)
	if err != nil {
		return err
	}
	return writeFile(file, fmt.Appendf(old, "%s %d %s\n", head.Day, head.Events, head.Sum))
}

// ledgerRow is an event as exported: all that its hash covers, and the hash.
type ledgerRow struct {
	Case  cases.CaseNumber `json:"case"`
	Seq   int              `json:"seq"`
	Kind  cases.EventKind  `json:"kind"`
	State cases.State      `json:"state"`
	At    time.Time        `json:"at"`
	By    string           `json:"by"`
	Fact  string           `json:"fact"`
	Body  string           `json:"body"` // JSON as it is hashed, byte for byte
	Hash  string           `json:"hash"`
}

// exportLedger writes the ledger of a case, or of all if n is empty, as JSON Lines.
func exportLedger(ctx context.Context, st *store.Store, n cases.CaseNumber, to io.Writer) error {
	w := bufio.NewWriter(to)
	lines := json.NewEncoder(w)
	lines.SetEscapeHTML(false)
	err := st.EachEvent(ctx, n, func(e cases.Event) error {
		return lines.Encode(ledgerRow{e.Case, e.Seq, e.Kind, e.State, e.At, e.By, e.Fact, string(e.Body), e.Sum.String()})
	})
	if err != nil {
		return err
	}
	return w.Flush()
}

type ledgerExportCmd struct {
	Case     string `arg:"" optional:"" help:"Number of a case; left out: all."`
	Data     string `help:"Data directory of a running or stopped server." default:"${data}" type:"path"`
	Database string `help:"URL of the PostgreSQL in use, if not an own one." env:"SHOUWEN_DATABASE_URL"`
}

// Run writes the ledger to standard output.
func (c ledgerExportCmd) Run() error {
	ctx := context.Background()
	st, done, err := openStore(ctx, c.Data, c.Database, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer done()
	return exportLedger(ctx, st, cases.CaseNumber(c.Case), os.Stdout)
}
