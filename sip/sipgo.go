package sip

import (
	"context"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	msg "github.com/emiago/sipgo/sip"
)

// The largest payload of an IPv4 datagram. sipgo refuses to send a message
// longer than UDPMTUSize-200 bytes, and a response must always go.
const maxDatagram = 65507

// sipgo keeps its settings in variables of the process and reads them without a
// lock, so they are set before anything runs.
func init() {
	msg.UDPMTUSize = maxDatagram + 200
	msg.SetDefaultLogger(slog.New(sipgoLog))
}

// sipgoLog writes what sipgo logs to the log of the newest transport.
var sipgoLog = &quietHandler{shared: &quiet{}}

// Limits of what sipgo may write to the log.
const (
	quietPerSecond = 10
	quietBurst     = 20
	quietValue     = 160 // bytes of one value
)

// quiet is what all handlers derived from one sipgo logger share.
type quiet struct {
	target atomic.Pointer[slog.Logger]

	mu         sync.Mutex
	left       float64
	at         time.Time
	suppressed int
}

// allow takes a line from the budget and returns how many were left out since
// the last one.
func (q *quiet) allow(now time.Time) (suppressed int, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.left = min(quietBurst, q.left+now.Sub(q.at).Seconds()*quietPerSecond)
	q.at = now
	if q.left < 1 {
		q.suppressed++
		return 0, false
	}
	q.left--
	suppressed, q.suppressed = q.suppressed, 0
	return suppressed, true
}

// quietHandler is the slog.Handler behind sipgo's loggers. sipgo logs whole
// datagrams and as often as they come; this limits the rate, cuts long values
// and leaves out what is a secret or a caller's number.
type quietHandler struct {
	shared *quiet
	attrs  []slog.Attr
}

// Enabled implements slog.Handler. sipgo's debug lines are never wanted: it
// builds them per packet.
func (h *quietHandler) Enabled(ctx context.Context, level slog.Level) bool {
	target := h.shared.target.Load()
	return target != nil && level >= slog.LevelInfo && target.Enabled(ctx, level)
}

// Handle implements slog.Handler.
func (h *quietHandler) Handle(ctx context.Context, r slog.Record) error {
	target := h.shared.target.Load()
	suppressed, ok := h.shared.allow(r.Time)
	if target == nil || !ok {
		return nil
	}
	line := slog.NewRecord(r.Time, min(r.Level, slog.LevelWarn), "sipgo: "+redact(r.Message), r.PC)
	if suppressed > 0 {
		line.AddAttrs(slog.Int("suppressed", suppressed))
	}
	for _, a := range h.attrs {
		line.AddAttrs(quietAttr(a))
	}
	r.Attrs(func(a slog.Attr) bool {
		line.AddAttrs(quietAttr(a))
		return true
	})
	return target.Handler().Handle(ctx, line)
}

// WithAttrs implements slog.Handler.
func (h *quietHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &quietHandler{h.shared, append(h.attrs[:len(h.attrs):len(h.attrs)], attrs...)}
}

// WithGroup implements slog.Handler; sipgo uses no groups.
func (h *quietHandler) WithGroup(string) slog.Handler { return h }

func quietAttr(a slog.Attr) slog.Attr {
	text := a.Value.String()
	if a.Key == "data" { // a whole packet
		return slog.Int("bytes", len(text))
	}
	return slog.String(a.Key, redact(text))
}

var (
	credentials = regexp.MustCompile(`(?i)\b(authorization|nonce|cnonce|response|password|inline)\b\s*[:=].*`)
	longNumber  = regexp.MustCompile(`\+?\d{6,}`)
)

// redact cuts text to quietValue bytes, removes credentials, keeps the last
// three digits of long numbers and replaces what is no printable text.
func redact(text string) string {
	if len(text) > quietValue {
		text = text[:quietValue] + fmt.Sprintf("… (%d bytes)", len(text))
	}
	text = strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f || c == '\uFFFD' {
			return ' '
		}
		return c
	}, text)
	text = credentials.ReplaceAllString(text, "$1 …")
	return longNumber.ReplaceAllStringFunc(text, func(n string) string { return "…" + n[len(n)-3:] })
}
