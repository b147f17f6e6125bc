package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

type serveCmd struct {
	Config   string `short:"c" help:"Configuration file (YAML); without one the defaults serve a first try on loopback." type:"path"`
	Data     string `help:"Data directory; overrides the file's." type:"path"`
	Listen   string `help:"Address of the interface phones and trunks reach; overrides sip.address."`
	Agents   int    `help:"How many example phones to have at least." default:"3"`
	Database string `help:"URL of a PostgreSQL to use instead of an own one." env:"SHOUWEN_DATABASE_URL"`
	Verbose  bool   `short:"v" help:"Log every step of every call."`
}

// Run serves until a signal; a second signal ends at once.
func (c serveCmd) Run() error {
	cfg, err := c.config()
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // the next one has its default effect

	log := newLog(os.Stderr, c.Verbose)
	s, err := newServer(ctx, cfg, serverOptions{agents: c.Agents, database: c.Database}, log)
	if err != nil {
		return err
	}
	s.announce = func(r Ready) { fmt.Print(r.box()) }
	go leaveGarbage(ctx)
	return s.run(ctx)
}

func (c serveCmd) config() (Config, error) {
	cfg := Default()
	if c.Config != "" {
		var err error
		if cfg, err = LoadConfig(c.Config); err != nil {
			return cfg, err
		}
	}
	if c.Data != "" {
		cfg.Data = c.Data
	}
	if c.Listen != "" {
		a, err := netip.ParseAddr(c.Listen)
		if err != nil {
			return cfg, fmt.Errorf("--listen %s: want an IP address of this machine", c.Listen)
		}
		cfg.SIP.Address = Address{a}
	}
	if c.Agents < 1 || c.Agents > 9000 {
		return cfg, fmt.Errorf("--agents %d: want 1 to 9000", c.Agents)
	}
	return cfg, cfg.Check()
}

// makeData makes the data directory and checks that it can be written.
func makeData(dir string) error {
	// Others may pass through: the private PostgreSQL runs as another user when
	// we are root. What is secret inside has modes of its own.
	if err := os.MkdirAll(dir, 0o711); err != nil {
		return dataError(dir, err)
	}
	probe := filepath.Join(dir, ".writable")
	if err := os.WriteFile(probe, []byte("x"), 0o600); err != nil {
		return dataError(dir, err)
	}
	return os.Remove(probe)
}

func dataError(dir string, err error) error {
	switch {
	case errors.Is(err, syscall.EROFS), errors.Is(err, syscall.EACCES):
		return fmt.Errorf("data directory %s cannot be written: %w; name another with --data, or give this user the right to write there", dir, err)
	case errors.Is(err, syscall.ENOSPC):
		return fmt.Errorf("data directory %s: %w; free some space on that disk, or name another with --data", dir, err)
	}
	return fmt.Errorf("data directory %s: %w; name another with --data", dir, err)
}

// listenHTTP binds an address of the console or the metrics.
func listenHTTP(what, address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		_, port, _ := net.SplitHostPort(address)
		return nil, fmt.Errorf("%s on %s: another program has the port (ss -ltnp 'sport = :%s' names it); stop it or set http.%s", what, address, port, what)
	}
	if err != nil {
		return nil, fmt.Errorf("%s on %s: %w; set http.%s to an address of this machine", what, address, err, what)
	}
	return l, nil
}

type ledgerCmd struct {
	Verify ledgerVerifyCmd `cmd:"" help:"Check the hash chain of every case; names the first bad row."`
	Export ledgerExportCmd `cmd:"" help:"Write the ledger of all cases, or of one, as JSON Lines with hashes."`
}

type ledgerVerifyCmd struct {
	Data     string `help:"Data directory of a running or stopped server." default:"${data}" type:"path"`
	Database string `help:"URL of the PostgreSQL in use, if not an own one." env:"SHOUWEN_DATABASE_URL"`
}

// Run verifies the ledger and prints how many rows it has.
func (c ledgerVerifyCmd) Run() error {
	ctx := context.Background()
	st, done, err := openStore(ctx, c.Data, c.Database, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer done()
	n, err := st.VerifyLedger(ctx)
	if err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	fmt.Printf("ledger ok: %d events\n", n)
	return nil
}
