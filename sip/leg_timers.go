package sip

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"
)

// legTimers posts signals to the leg when their time has come. Owned by the leg.
type legTimers struct {
	post func(signal)
	last uint64
	live map[signalKind]armedTimer
}

type armedTimer struct {
	timer *time.Timer
	gen   uint64
}

// arm replaces the running timer of kind, if any.
func (t *legTimers) arm(kind signalKind, d time.Duration) {
	t.stop(kind)
	t.last++
	gen := t.last
	if t.live == nil {
		t.live = make(map[signalKind]armedTimer)
	}
	t.live[kind] = armedTimer{time.AfterFunc(d, func() { t.post(signal{kind: kind, gen: gen}) }), gen}
}

func (t *legTimers) armed(kind signalKind) bool { _, ok := t.live[kind]; return ok }

func (t *legTimers) stop(kind signalKind) {
	if a, ok := t.live[kind]; ok {
		a.timer.Stop()
		delete(t.live, kind)
	}
}

func (t *legTimers) stopAll() {
	for kind := range t.live {
		t.stop(kind)
	}
}

// fresh says whether s is of a timer still armed; it disarms it.
func (t *legTimers) fresh(s signal) bool {
	if t.live[s.kind].gen != s.gen {
		return false
	}
	delete(t.live, s.kind)
	return true
}

// legLog is a slog.Handler that writes to the log the leg has now: its audio is
// opened before the call has a name. Safe from any goroutine.
type legLog struct{ now atomic.Pointer[slog.Logger] }

// Enabled implements slog.Handler.
func (h *legLog) Enabled(ctx context.Context, level slog.Level) bool {
	return h.now.Load().Enabled(ctx, level)
}

// Handle implements slog.Handler.
func (h *legLog) Handle(ctx context.Context, r slog.Record) error {
	return h.now.Load().Handler().Handle(ctx, r)
}

// WithAttrs implements slog.Handler. What it returns keeps the log of now.
func (h *legLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	return h.now.Load().Handler().WithAttrs(attrs)
}

// WithGroup implements slog.Handler, as WithAttrs does.
func (h *legLog) WithGroup(name string) slog.Handler { return h.now.Load().Handler().WithGroup(name) }
