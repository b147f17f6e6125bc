package sip

import (
	"log/slog"
	"runtime/debug"
	"sync"

	"shouwen/metrics"
)

// panics turns a panic into a count and a log line, so that it costs one
// message, transaction or leg and never the process. Every function handed to
// sipgo and every goroutine of this package runs under it. Safe from any
// goroutine.
type panics struct {
	metrics *metrics.Metrics
	log     *slog.Logger

	seen sync.Map // where: its stack is in the log already
}

// guard is deferred at a boundary; where is a constant naming it.
func (p *panics) guard(where string) {
	v := recover()
	if v == nil {
		return
	}
	p.metrics.Panic(where)
	if _, again := p.seen.LoadOrStore(where, true); again {
		p.log.Error("panic", "where", where, "value", v)
		return
	}
	p.log.Error("panic", "where", where, "value", v, "stack", string(debug.Stack()))
}

// safely runs f and returns whether it came to its end without a panic.
func (p *panics) safely(where string, f func()) (ended bool) {
	defer p.guard(where)
	f()
	return true
}

// start runs f in a goroutine of its own. It is the only place of the package
// where a goroutine begins.
func (p *panics) start(where string, f func()) {
	go p.safely(where, f)
}
