package embedded

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
)

func TestOutput(t *testing.T) {
	tests := map[string]struct {
		says  string
		level string
		last  string
	}{
		"what it does":             {"LOG:  database system is ready to accept connections", "DEBUG", ""},
		"errors are the client's":  {"ERROR:  duplicate key value violates unique constraint", "DEBUG", ""},
		"a warning":                {"WARNING:  could not flush dirty data", "WARN", ""},
		"why it ends":              {"PANIC:  could not write: No space left on device", "ERROR", "PANIC:  could not write: No space left on device"},
		"somebody knocked early":   {"FATAL:  the database system is starting up", "DEBUG", ""},
		"a connection at shutdown": {"FATAL:  terminating connection due to administrator command", "DEBUG", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			o := output{log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
			for _, b := range []byte(tt.says + "\n") { // a pipe cuts anywhere
				o.Write([]byte{b})
			}
			if !strings.Contains(log.String(), "level="+tt.level+" ") || strings.Count(log.String(), "\n") != 1 {
				t.Errorf("log: %s, want %s", log.String(), tt.level)
			}
			if o.last != tt.last {
				t.Errorf("last = %q, want %q", o.last, tt.last)
			}
		})
	}
}

func TestExplain(t *testing.T) {
	exit := errors.New("exit status 1")
	tests := map[string]struct{ out, want string }{
		"a known cause comes with its remedy": {
			"creating …\ninitdb: error: could not write: No space left on device\ninitdb: removing data",
			"initdb in /d: initdb: error: could not write: No space left on device (exit status 1); " +
				"free space there, or name another directory with --data"},
		"an unknown one with its last line": {"a\nb\n", "initdb in /d: b: exit status 1"},
		"silence":                           {"", "initdb in /d: exit status 1"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := explain("initdb", "/d", tt.out, exit); got.Error() != tt.want || !errors.Is(got, exit) {
				t.Errorf("got  %v\nwant %s", got, tt.want)
			}
		})
	}
}
