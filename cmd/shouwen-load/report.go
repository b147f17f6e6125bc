package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// Report is what a run found.
type Report struct {
	Setting   string         `json:"setting"`
	Seconds   float64        `json:"seconds"`   // measured
	Calls     CallCounts     `json:"calls"`     // of the whole run
	Latencies []Latency      `json:"latencies"` // of the whole run
	Audio     *AudioCounts   `json:"audio,omitempty"`
	Servers   []ServerCost   `json:"servers,omitempty"`
	Generator GeneratorLimit `json:"generator"`
}

// CallCounts counts calls.
type CallCounts struct {
	Placed    int            `json:"placed"`
	Completed int            `json:"completed"`
	Skipped   int            `json:"skipped"`  // due beyond --concurrent
	Failures  map[string]int `json:"failures"` // by status, or what did not happen
	Peak      int            `json:"peak"`
	Stuck     int            `json:"stuck"`    // agents still in a call 2 s after the last caller hung up
	Foreign   int            `json:"foreign"`  // calls at agents that could not be told whose they are
	Seconds   float64        `json:"seconds"`  // call-seconds measured
	Resent    uint64         `json:"resent"`   // messages we sent again
	Repeated  uint64         `json:"repeated"` // messages that came again
}

// Latency is one row of times.
type Latency struct {
	Name string `json:"name"`
	Quantiles
}

// AudioCounts counts packets.
type AudioCounts struct {
	Sent     uint64 `json:"sent"`
	Received uint64 `json:"received"`
	Lost     uint64 `json:"lost"`
	Stamped  uint64 `json:"stamped"`
	Missing  uint64 `json:"missing"`
	Deaf     uint64 `json:"deaf"`
}

// ServerCost is what a process of the server used.
type ServerCost struct {
	PID           int     `json:"pid"`
	Name          string  `json:"name"`
	CPUPercent    float64 `json:"cpu_percent"`       // of one core
	WaitPercent   float64 `json:"wait_percent"`      // of the time, that threads were ready but had no core: others were in the way
	PerCall       float64 `json:"cpu_ms_per_call"`   // all CPU; a call counts half when it begins and half when it ends
	PerCallSecond float64 `json:"cpu_ms_per_call_s"` // all CPU
	BeforeMB      float64 `json:"rss_before_mb"`     // before the first call
	EndMB         float64 `json:"rss_end_mb"`        // when the last was placed
	PerCallMB     float64 `json:"rss_per_call_mb"`   // growth over the live calls at the end
}

// GeneratorLimit says how near its own limit the generator was.
type GeneratorLimit struct {
	CPUPercent  float64   `json:"cpu_percent"`  // of one core
	WaitPercent float64   `json:"wait_percent"` // as of a server
	Cores       int       `json:"cores"`
	CallsLate   Quantiles `json:"calls_late"`
	AudioLate   Quantiles `json:"audio_late"`
	Unsent      uint64    `json:"unsent"`
	Overflows   uint64    `json:"overflows"` // datagrams this machine dropped at full buffers, ours or the server's
	Limited     string    `json:"limited"`   // why the figures may be the generator's own; empty: they are not
}

// judge says what shows that the generator was at its limit.
func (g *GeneratorLimit) judge() {
	var why []string
	if g.CPUPercent > 85*float64(g.Cores) {
		why = append(why, "its CPU was used up")
	}
	if g.CallsLate.P99 > 10 {
		why = append(why, "it placed calls late")
	}
	if g.AudioLate.P99 > 10 {
		why = append(why, "it sent audio late")
	}
	if g.Unsent > 0 {
		why = append(why, "it left frames out")
	}
	g.Limited = strings.Join(why, ", ")
}

func (l *load) report(m *meter, h heard, stuck int) *Report {
	r := &Report{
		Setting: fmt.Sprintf("%g calls/s for %s, hold %s, at most %d at once, %d agents, answer after %s, rtp %t",
			l.Rate, l.For, l.Hold, l.Concurrent, len(l.agents), l.AnswerDelay, l.RTP),
		Seconds: m.last.at.Sub(m.first.at).Seconds(),
		Calls:   l.sig.counts(),
		Servers: m.costs(),
		Latencies: []Latency{
			{"INVITE to 180", l.sig.Ringing.Quantiles()},
			{"INVITE to 200", l.sig.Answered.Quantiles()},
			{"INVITE to agent's INVITE", l.sig.Offered.Quantiles()},
			{"INVITE to agent's 200", l.sig.PickedUp.Quantiles()},
			{"BYE to 200", l.sig.Bye.Quantiles()},
		},
	}
	r.Calls.Stuck, r.Calls.Foreign = stuck, int(l.foreign.Load())
	r.Calls.Seconds = (m.last.callTime - m.first.callTime).Seconds()
	for _, p := range append(l.agents, l.callers) {
		sent, received := p.Retransmissions()
		r.Calls.Resent += sent
		r.Calls.Repeated += received
	}
	if l.RTP {
		r.hears(h, l.audio.Deaf.Load())
	}
	r.Generator.CallsLate = l.sig.Late.Quantiles()
	r.Generator.measure(m)
	return r
}

func (s *Signalling) counts() CallCounts {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := CallCounts{Placed: s.placed, Completed: s.outcomes[completed], Skipped: s.skipped, Peak: s.live.peak}
	c.Failures = maps.Clone(s.outcomes)
	delete(c.Failures, completed)
	return c
}

// heard is what an Audio has measured so far.
type heard struct {
	counts    AudioCounts
	latencies []Latency
	late      Quantiles
	unsent    uint64
}

func (a *Audio) heard() heard {
	return heard{
		counts: AudioCounts{
			Sent: a.Sent.Load(), Received: a.Received.Load(), Lost: a.Lost.Load(),
			Stamped: a.Stamped.Load(), Missing: a.Missing.Load(),
		},
		latencies: []Latency{
			{"pick-up to audio at caller", a.AtCaller.Quantiles()},
			{"pick-up to audio at agent", a.AtAgent.Quantiles()},
			{"one-way delay of audio", a.Delay.Quantiles()},
		},
		late: a.Late.Quantiles(), unsent: a.Unsent.Load(),
	}
}

// hears adds what was measured of audio while calls were up, and the legs that
// had ended deaf since.
func (r *Report) hears(h heard, deaf uint64) {
	r.Audio = &h.counts
	r.Audio.Deaf = deaf
	r.Latencies = append(r.Latencies, h.latencies...)
	r.Generator.AudioLate, r.Generator.Unsent = h.late, h.unsent
}

func (m *meter) costs() (all []ServerCost) {
	calls := float64(m.last.placed-m.first.placed+m.last.over-m.first.over) / 2
	for i, was := range m.first.servers {
		is := m.last.servers[i]
		cpu, before := is.CPU-was.CPU, m.before[i].RSS
		seconds := m.last.at.Sub(m.first.at).Seconds()
		all = append(all, ServerCost{
			PID: is.PID, Name: is.Name,
			CPUPercent:    100 * ratio(cpu.Seconds(), seconds),
			WaitPercent:   100 * ratio((is.Wait-was.Wait).Seconds(), seconds),
			PerCall:       ratio(ms(cpu), calls),
			PerCallSecond: ratio(ms(cpu), (m.last.callTime - m.first.callTime).Seconds()),
			BeforeMB:      mb(float64(before)), EndMB: mb(float64(is.RSS)),
			PerCallMB: ratio(mb(float64(is.RSS)-float64(before)), float64(m.last.live)),
		})
	}
	return all
}

func (g *GeneratorLimit) measure(m *meter) {
	g.Cores = runtime.NumCPU()
	seconds := m.last.at.Sub(m.first.at).Seconds()
	g.CPUPercent = 100 * ratio((m.last.own.CPU-m.first.own.CPU).Seconds(), seconds)
	g.WaitPercent = 100 * ratio((m.last.own.Wait-m.first.own.Wait).Seconds(), seconds)
	g.Overflows = m.last.overflows - m.first.overflows
	g.judge()
}

func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

func mb(octets float64) float64 { return octets / (1 << 20) }

// String is the report for people.
func (r *Report) String() string {
	var b strings.Builder
	c := r.Calls
	fmt.Fprintf(&b, "%s; measured %.1f s\n\n", r.Setting, r.Seconds)
	fmt.Fprintf(&b, "calls      placed %d  completed %d  skipped %d  peak %d  call-seconds %.0f  stuck agents %d\n", c.Placed, c.Completed, c.Skipped, c.Peak, c.Seconds, c.Stuck)
	for _, why := range slices.Sorted(maps.Keys(c.Failures)) {
		fmt.Fprintf(&b, "  failed   %s: %d\n", why, c.Failures[why])
	}
	if c.Foreign > 0 {
		fmt.Fprintf(&b, "  note     %d calls at agents came without the caller's number: the server does not pass it on\n", c.Foreign)
	}
	fmt.Fprintf(&b, "messages   sent again %d  came again %d\n\n", c.Resent, c.Repeated)
	fmt.Fprintf(&b, "%-28s %8s %9s %9s %9s %9s\n", "milliseconds", "count", "p50", "p95", "p99", "max")
	for _, l := range r.Latencies {
		fmt.Fprintf(&b, "%-28s %s\n", l.Name, l.Quantiles)
	}
	if r.Audio != nil {
		b.WriteString("\n" + r.Audio.String())
	}
	b.WriteString("\n")
	for _, s := range r.Servers {
		fmt.Fprintf(&b, "server     %s (%d): CPU %.1f %% (waited %.1f %%)  %.2f ms/call  %.3f ms/call-second  RSS %.1f to %.1f MB  %.3f MB/live call\n",
			s.Name, s.PID, s.CPUPercent, s.WaitPercent, s.PerCall, s.PerCallSecond, s.BeforeMB, s.EndMB, s.PerCallMB)
	}
	b.WriteString(r.Generator.String())
	return b.String()
}

// String is a row of the table.
func (q Quantiles) String() string {
	if q.Count == 0 {
		return fmt.Sprintf("%8d %9s %9s %9s %9s", 0, "–", "–", "–", "–")
	}
	return fmt.Sprintf("%8d %9.2f %9.2f %9.2f %9.2f", q.Count, q.P50, q.P95, q.P99, q.Max)
}

func (a *AudioCounts) String() string {
	s := fmt.Sprintf("audio      sent %d  received %d  lost %d (by stamps %d of %d, %.4f %%)  deaf legs %d\n",
		a.Sent, a.Received, a.Lost, a.Missing, a.Stamped+a.Missing, 100*ratio(float64(a.Missing), float64(a.Stamped+a.Missing)), a.Deaf)
	if a.Received > 0 && a.Stamped == 0 {
		s += "  note     no payload came as it was sent: the server transcodes or mixes, so there is no delay to measure\n"
	}
	return s
}

func (g GeneratorLimit) String() string {
	s := fmt.Sprintf("generator  CPU %.1f %% of %d × 100 %% (waited %.1f %%)  calls late p99 %.2f max %.2f ms  audio late p99 %.2f max %.2f ms  frames left out %d  full buffers %d\n",
		g.CPUPercent, g.Cores, g.WaitPercent, g.CallsLate.P99, g.CallsLate.Max, g.AudioLate.P99, g.AudioLate.Max, g.Unsent, g.Overflows)
	if g.Limited != "" {
		s += "           THE GENERATOR WAS AT ITS LIMIT: " + g.Limited + ". These figures are not the server's.\n"
	}
	return s
}

func (r *Report) json() []byte {
	b, _ := json.MarshalIndent(r, "", "  ") // numbers and strings only
	return append(b, '\n')
}

// csv has one line for each figure: measure, statistic, value.
func (r *Report) csv() []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	row := func(measure, statistic string, value float64) {
		_ = w.Write([]string{measure, statistic, strconv.FormatFloat(value, 'f', -1, 64)}) // into memory
	}
	_ = w.Write([]string{"measure", "statistic", "value"})
	row("calls", "placed", float64(r.Calls.Placed))
	row("calls", "completed", float64(r.Calls.Completed))
	row("calls", "skipped", float64(r.Calls.Skipped))
	row("calls", "peak", float64(r.Calls.Peak))
	row("calls", "resent", float64(r.Calls.Resent))
	row("calls", "repeated", float64(r.Calls.Repeated))
	for _, why := range slices.Sorted(maps.Keys(r.Calls.Failures)) {
		row("failed", why, float64(r.Calls.Failures[why]))
	}
	for _, l := range append(r.Latencies, Latency{"generator calls late", r.Generator.CallsLate}, Latency{"generator audio late", r.Generator.AudioLate}) {
		row(l.Name, "count", float64(l.Count))
		row(l.Name, "p50_ms", l.P50)
		row(l.Name, "p95_ms", l.P95)
		row(l.Name, "p99_ms", l.P99)
		row(l.Name, "max_ms", l.Max)
	}
	if a := r.Audio; a != nil {
		row("audio", "received", float64(a.Received))
		row("audio", "lost", float64(a.Lost))
		row("audio", "stamped", float64(a.Stamped))
		row("audio", "missing", float64(a.Missing))
	}
	for _, s := range r.Servers {
		name := "server " + s.Name
		row(name, "cpu_percent", s.CPUPercent)
		row(name, "wait_percent", s.WaitPercent)
		row(name, "cpu_ms_per_call", s.PerCall)
		row(name, "cpu_ms_per_call_s", s.PerCallSecond)
		row(name, "rss_per_call_mb", s.PerCallMB)
	}
	row("generator", "cpu_percent", r.Generator.CPUPercent)
	row("generator", "unsent", float64(r.Generator.Unsent))
	row("generator", "overflows", float64(r.Generator.Overflows))
	w.Flush()
	return b.Bytes()
}
