package embedded

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
)

// output passes on what the server writes, line by line, and keeps the last
// serious line to explain its end. It is written to by one goroutine, which has
// ended when explain is called.
type output struct {
	log  *slog.Logger
	rest []byte // an unfinished line
	last string
}

func (o *output) Write(p []byte) (int, error) {
	o.rest = append(o.rest, p...)
	for {
		line, rest, ok := bytes.Cut(o.rest, []byte("\n"))
		if !ok {
			return len(p), nil
		}
		o.line(strings.TrimSpace(string(line)))
		o.rest = rest
	}
}

func (o *output) line(line string) {
	severity, message, _ := strings.Cut(line, ":")
	level := slog.LevelDebug // also errors of statements, which whoever sent them gets
	switch {
	case severity == "WARNING":
		level = slog.LevelWarn
	case severity != "FATAL" && severity != "PANIC":
	case strings.Contains(message, "the database system is"): // starting up: somebody knocked too early
	case strings.Contains(message, "due to administrator command"): // a connection at shutdown
	default:
		level = slog.LevelError
		o.last = line
	}
	o.log.Log(context.Background(), level, "PostgreSQL", "says", line)
}

func (o *output) explain(dir string, err error) error {
	return explain("PostgreSQL", dir, o.last, err)
}

// explain says what went wrong when program ended, from what it had written, and
// what to do where that is known.
func explain(program, dir, out string, err error) error {
	remedy := ""
	lines := strings.Split(strings.TrimSpace(out), "\n")
	what := lines[len(lines)-1]
	for _, known := range []struct{ text, remedy string }{
		{"No space left on device", "free space there, or name another directory with --data"},
		{"Read-only file system", "mount it writable, or name another directory with --data"},
		{"Permission denied", "give PostgreSQL's user access, or name another directory with --data"},
		{"Cannot allocate memory", "free memory"},
	} {
		for _, line := range lines {
			if strings.Contains(line, known.text) {
				what, remedy = strings.TrimSpace(line), known.remedy
			}
		}
	}
	if err == nil {
		err = errors.New("it ended without an error")
	}
	msg := fmt.Sprintf("%s in %s", program, dir)
	if what != "" {
		msg += ": " + what
	}
	if remedy != "" {
		return fmt.Errorf("%s (%w); %s", msg, err, remedy)
	}
	return fmt.Errorf("%s: %w", msg, err)
}
