package main

import (
	"io"
	"log/slog"
	"os"
	"time"
)

// newLog writes for people on a terminal and JSON elsewhere, durations as 2.61s. An
// error that is over is not written: what works again says so without one.
func newLog(w io.Writer, verbose bool) *slog.Logger {
	o := &slog.HandlerOptions{Level: slog.LevelInfo, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		switch {
		case a.Value.Kind() == slog.KindDuration:
			a.Value = slog.StringValue(a.Value.Duration().Round(10 * time.Microsecond).String())
		case a.Key == "err" && a.Value.Equal(slog.AnyValue(nil)):
			return slog.Attr{}
		}
		return a
	}}
	if verbose {
		o.Level = slog.LevelDebug
	}
	if f, ok := w.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
			return slog.New(slog.NewTextHandler(w, o))
		}
	}
	return slog.New(slog.NewJSONHandler(w, o))
}
