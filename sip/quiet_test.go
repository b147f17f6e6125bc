package sip

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"
)

// loggedBy returns what f makes sipgo's handler write.
func loggedBy(f func(*slog.Logger)) string {
	var out bytes.Buffer
	shared := &quiet{}
	shared.target.Store(slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug})))
	f(slog.New(&quietHandler{shared: shared}))
	return out.String()
}

func TestSipgoLogsNoSecretsAndNoPackets(t *testing.T) {
	t.Parallel()
	packet := "INVITE sip:861055550199@example.com SIP/2.0\r\nAuthorization: Digest response=\"canary\"\r\n"
	for name, f := range map[string]func(*slog.Logger){
		"a packet":        func(l *slog.Logger) { l.Error("failed to parse", "data", packet, "error", errors.New("x")) },
		"a packet inside": func(l *slog.Logger) { l.Error("failed to parse", "error", errors.New(packet)) },
		"a derived one":   func(l *slog.Logger) { l.With("req", packet).Warn("text") },
		"the message":     func(l *slog.Logger) { l.Info("nonce=canary 861055550199") },
		"control chars":   func(l *slog.Logger) { l.Info("a\x1b[31m\r\nlevel=ERROR canary2") },
	} {
		got := loggedBy(f)
		for _, bad := range []string{"canary\"", "=canary", "861055550199", "10555501", "\x1b", "\\r", "\\n"} {
			if strings.Contains(got, bad) {
				t.Errorf("%s: %q in %s", name, bad, got)
			}
		}
		if strings.Count(got, "\n") != 1 {
			t.Errorf("%s: %d lines, want 1: %s", name, strings.Count(got, "\n"), got)
		}
	}
	if got := loggedBy(func(l *slog.Logger) { l.Error("text", "error", strings.Repeat("x", 60000)) }); len(got) > 500 {
		t.Errorf("a line of %d bytes", len(got))
	}
	if got := loggedBy(func(l *slog.Logger) { l.Debug("per packet") }); got != "" {
		t.Errorf("debug line %q", got)
	}
}

func TestSipgoLogsOnlySoOften(t *testing.T) {
	t.Parallel()
	got := loggedBy(func(l *slog.Logger) {
		at := time.Now()
		for i := range 1000 {
			r := slog.NewRecord(at.Add(time.Duration(i)*time.Millisecond), slog.LevelError, "text", 0)
			if err := l.Handler().Handle(context.Background(), r); err != nil {
				t.Error(err)
			}
		}
	})
	lines := strings.Count(got, "\n")
	if lines < quietBurst || lines > quietBurst+quietPerSecond+1 {
		t.Errorf("%d lines of 1000 within a second, want %d to %d", lines, quietBurst, quietBurst+quietPerSecond+1)
	}
	if !strings.Contains(got, "suppressed=") {
		t.Errorf("no line says how many were left out: %s", got)
	}
}
