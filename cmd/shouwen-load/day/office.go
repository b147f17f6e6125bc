package day

import (
	"crypto/rand"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Pace is how much faster than a real day the day is played.
type Pace struct {
	Work  float64 `json:"speedup"`      // what clocks of cases measure, and when callers call
	Calls float64 `json:"call_speedup"` // what is done on the phone: to ring, to wait, to talk
}

func (p Pace) work(d time.Duration) time.Duration  { return time.Duration(float64(d) / p.Work) }
func (p Pace) phone(d time.Duration) time.Duration { return time.Duration(float64(d) / p.Calls) }

// What callers and agents meet on a real day. Nobody rings for less than ringAtLeast,
// however fast the day: phones and networks have a pace of their own.
const (
	ringTime      = 20 * time.Second
	ringAtLeast   = 4 * time.Second
	wrapUp        = 30 * time.Second
	maxWait       = 15 * time.Minute
	offerAfter    = 60 * time.Second
	retryAfter    = 30 * time.Minute
	adviserExt    = "1800"
	supervisorExt = "1900"
	arbiterExt    = "1901"
)

// line is a number callers dial, with its queue and the department of its agents, which
// have the same name.
type line struct{ number, queue string }

var (
	hotline = line{"12345", "hotline"}
	advice  = line{"12346", "advice"} // of one person, who is not always there
)

// line returns the line a caller dials.
func (c Course) line() line {
	if c == TakesPlace {
		return advice
	}
	return hotline
}

// Office is a hotline on which a day can be played, as a configuration of Shouwen.
type Office struct {
	Pace
	Agents  int    `json:"agents"`
	Port    uint16 `json:"port"`    // of SIP; the next one is that of TLS
	Console string `json:"console"` // address:port, so the next two
	Metrics string `json:"metrics"`
	Outside string `json:"outside"` // where those outside are, who call and are called back
}

// departments are those of the office, with what they are competent for.
var departments = []struct{ name, title, extension, category, subject string }{
	{"water", "供水处", "201", "burst_pipe", "水管爆裂"},
	{"heating", "供热处", "202", "no_heating", "暖气不热"},
	{"roads", "市政处", "203", "pothole", "路面坑洞"},
	{"housing", "物业处", "204", "noise", "噪音扰民"},
}

//go:embed profile.yaml
var profile string

// Write makes the data directory dir with shouwen.yaml, directory.yaml and the profile.
func (o Office) Write(dir string) error {
	if o.Work < 1 || o.Calls < 1 || o.Agents < 2 {
		return fmt.Errorf("paces %g and %g, %d agents: want 1 or more, and 2 agents or more", o.Work, o.Calls, o.Agents)
	}
	if err := os.MkdirAll(dir, 0o711); err != nil { // the private PostgreSQL passes through as another user
		return fmt.Errorf("office: %w", err)
	}
	for name, text := range map[string]string{
		"shouwen.yaml": o.config(dir), "directory.yaml": o.directory(), "profile.yaml": o.Faster(profile), officeFile: o.json(),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return fmt.Errorf("office: %w", err)
		}
	}
	return nil
}

// officeFile keeps in the data directory what its configuration was made for.
const officeFile = "day.json"

func (o Office) json() string {
	b, err := json.Marshal(o)
	if err != nil {
		panic(err) // text and numbers
	}
	return string(b) + "\n"
}

// ReadOffice returns the office that was written to dir.
func ReadOffice(dir string) (o Office, err error) {
	b, err := os.ReadFile(filepath.Join(dir, officeFile))
	if err == nil {
		err = json.Unmarshal(b, &o)
	}
	if err != nil {
		return o, fmt.Errorf("%s is no office for a day: %w; make one with day set-up", dir, err)
	}
	return o, nil
}

func (o Office) config(dir string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `# A day of a hotline, %g times as fast; what is done on the phone, %g times.
data: %q
profile: profile.yaml
sip: {udp: %d, tcp: %[4]d, tls: %d}
trunks:
  - name: city
    peers: [127.0.0.0/8]
    country: CN
    trust_identity: true
    outbound: {kind: ip, servers: [%q], domain: city.example, options: 0s}
outbound: {hours: [], per_actor: {calls: 0, per: 1h}, overall: {calls: 0, per: 1h}, concurrent: 0}
callbacks: {retry: [%s], attempts: 3}
http: {console: %q, metrics: %q}
hotlines:
`, o.Work, o.Calls, dir, o.Port, o.Port+1, o.Outside, seconds(o.work(retryAfter)), o.Console, o.Metrics)
	for _, l := range []line{hotline, advice} {
		fmt.Fprintf(&b, "  - {number: %q, queue: %s, greeting: false, callback_within: %s}\n", l.number, l.queue, seconds(o.work(limits.callBack)))
	}
	b.WriteString("queues:\n")
	for _, l := range []line{hotline, advice} {
		fmt.Fprintf(&b, `  - name: %s
    departments: [%[1]s]
    strategy: longest_idle
    ring_time: %s
    sticky_for: %[2]s
    wrap_up: %s
    max_wait: %s
    callback_offer_after: %s
    announce: {position: false, every: %[5]s}
`, l.queue, o.ringTime(), o.phone(wrapUp), o.phone(maxWait), o.offerAfter())
	}
	return b.String()
}

func (p Pace) ringTime() time.Duration   { return max(p.phone(ringTime), ringAtLeast) }
func (p Pace) offerAfter() time.Duration { return max(p.phone(offerAfter), time.Second) }

// seconds is d as something that may take at least a second.
func seconds(d time.Duration) time.Duration { return max(d.Round(time.Second), time.Second) }

// directory has agents at the desk, and in each department two people and a leader.
func (o Office) directory() string {
	var b strings.Builder
	fmt.Fprintf(&b, "departments:\n  - {name: %s, title: 热线中心}\n  - {name: %s, title: 咨询台}\n", hotline.queue, advice.queue)
	for _, d := range departments {
		fmt.Fprintf(&b, "  - {name: %s, title: %s, extension: %q}\n", d.name, d.title, d.extension)
	}
	b.WriteString("categories:\n")
	for _, d := range departments {
		fmt.Fprintf(&b, "  - {name: %s, title: %s, department: %s}\n", d.category, d.subject, d.name)
	}
	b.WriteString("people:\n")
	person := func(ext, department, role string) {
		fmt.Fprintf(&b, "  - {user: %q, extension: %[1]q, department: %s, roles: [%s], rank: 0, password: %s}\n", ext, department, role, rand.Text())
	}
	for i := range o.Agents {
		person(strconv.Itoa(1001+i), hotline.queue, "agent")
	}
	person(adviserExt, advice.queue, "agent")
	person(supervisorExt, hotline.queue, "supervisor")
	person(arbiterExt, hotline.queue, "arbiter")
	for i, d := range departments {
		person(strconv.Itoa(2001+100*i), d.name, "handler")
		person(strconv.Itoa(2002+100*i), d.name, "handler")
		person(strconv.Itoa(2050+100*i), d.name, "leader")
	}
	return b.String()
}

// duration is a limit in a profile: a setting that is one, and its number and unit.
var duration = regexp.MustCompile(`\b(limit|tolerance|every|max|window|immediate_within): (\d+)(s|min|h|wh|d|wd)\b`)

// Faster returns a profile in YAML with every limit divided by the pace of work, in
// seconds. A working day counts as Length; days and working hours become plain time,
// since the day is played when it is played.
func (p Pace) Faster(profile string) string {
	units := map[string]time.Duration{
		"s": time.Second, "min": time.Minute, "h": time.Hour, "wh": time.Hour, "d": 24 * time.Hour, "wd": Length,
	}
	return duration.ReplaceAllStringFunc(profile, func(setting string) string {
		m := duration.FindStringSubmatch(setting)
		n, err := strconv.Atoi(m[2])
		if err != nil {
			return setting // whoever reads the profile will say so
		}
		return fmt.Sprintf("%s: %ds", m[1], int(seconds(p.work(time.Duration(n)*units[m[3]])).Seconds()))
	})
}
