package main

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"regexp"
	"slices"
	"strings"
	"time"

	"shouwen/cases"
	"shouwen/ivr"
	"shouwen/ivr/acd"
	"shouwen/ivr/call"
	"shouwen/ivr/prompts"
)

// Check reports the first value that cannot work, with the remedy.
func (c Config) Check() error {
	for _, check := range []func() error{c.checkGeneral, c.SIP.check, c.checkQueues, c.checkHotlines, c.Speech.check, c.Agents.check, c.checkCodes, c.checkTrunks, c.checkOutbound, c.Callers.check, c.checkSecurity, c.HTTP.check, c.Notify.check} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// bad is an error about the value at a YAML path.
func bad(path, format string, args ...any) error {
	return configError{"$." + path, fmt.Sprintf(format, args...)}
}

func (c Config) checkGeneral() error {
	if c.Node < 1 || c.Node > 9999 {
		return bad("node", "is %d, want 1 to 9999", c.Node)
	}
	if _, err := time.LoadLocation(c.TimeZone); err != nil {
		return bad("time_zone", "%q is no time zone; write it like Asia/Shanghai", c.TimeZone)
	}
	if c.Language != "zh-CN" && c.Language != "en" {
		return bad("language", "is %q, want zh-CN or en", c.Language)
	}
	for i, lang := range c.Languages {
		if !slices.Contains(prompts.Languages, lang) {
			return bad(fmt.Sprintf("languages[%d]", i), "is %q, want one of %s", lang, strings.Join(prompts.Languages, ", "))
		}
		if slices.Index(c.languages(), lang) <= i {
			return bad(fmt.Sprintf("languages[%d]", i), "%s is there twice, or is the language of all", lang)
		}
	}
	for name := range c.Hours {
		if !plainName.MatchString(name) {
			return bad("hours", "%q is no name; want up to 40 letters, digits, - and _", name)
		}
	}
	if c.Data == "" {
		return bad("data", "is empty, want a folder")
	}
	return nil
}

func (c SIPConfig) check() error {
	if !c.Address.IsValid() || c.Address.IsUnspecified() {
		return bad("sip.address", "is %s, want the address of one interface: it stands in SIP messages", c.Address)
	}
	if c.UDP == 0 && c.TCP == 0 && c.TLS == 0 {
		return bad("sip.udp", "every transport is off; give one of udp, tcp and tls a port")
	}
	if (c.Certificate == "") != (c.Key == "") {
		return bad("sip.certificate", "certificate and key go together")
	}
	return nil
}

var (
	dialledNumber = regexp.MustCompile(`^[0-9+*#]{1,20}$`)
	plainName     = regexp.MustCompile(`^[\p{L}\p{N}_-]{1,40}$`)
)

func (c Config) checkHotlines() error {
	if len(c.Hotlines) == 0 {
		return bad("hotlines", "is empty; give at least one a number")
	}
	known := c.queueNames()
	taken := map[string]bool{}
	for _, code := range c.dutyCodes() {
		taken[code] = true
	}
	for i, h := range c.Hotlines {
		at := fmt.Sprintf("hotlines[%d]", i)
		if h.Number == "" {
			return bad(at, "has no number")
		}
		for j, n := range slices.Insert(slices.Clone(h.Aliases), 0, h.Number) {
			where := at + ".number"
			if j > 0 {
				where = fmt.Sprintf("%s.aliases[%d]", at, j-1)
			}
			if !dialledNumber.MatchString(n) {
				return bad(where, "is %q, want digits", n)
			}
			if taken[n] {
				return bad(where, "%s is there twice, or a feature code", n)
			}
			taken[n] = true
		}
		if !slices.Contains(known, h.Queue) {
			return bad(at+".queue", "there is no queue %q; name one of %s, or add it under queues", h.Queue, strings.Join(known, ", "))
		}
		if h.CallbackWithin <= 0 {
			return bad(at+".callback_within", "is %s, want more than 0", time.Duration(h.CallbackWithin))
		}
		if err := h.checkDoor(at, c); err != nil {
			return err
		}
	}
	return nil
}

// checkDoor checks what callers meet before the queue.
func (h HotlineConfig) checkDoor(at string, c Config) error {
	if _, ok := c.Hours[h.Hours]; h.Hours != "" && !ok {
		return bad(at+".hours", "there are no hours %q; add them under hours", h.Hours)
	}
	switch n := h.Night; {
	case !slices.Contains([]ivr.Destination{ivr.ToVoicemail, ivr.ToCallback, ivr.ToHangup, ivr.ToQueue}, n.To):
		return bad(at+".night.to", "is %q, want voicemail, callback, hangup or queue", n.To)
	case n.To == ivr.ToQueue && !slices.Contains(c.queueNames(), n.Name):
		return bad(at+".night.name", "there is no queue %q; name one of %s", n.Name, strings.Join(c.queueNames(), ", "))
	case n.To != ivr.ToQueue && n.Name != "":
		return bad(at+".night.name", "is %q, but %s has no name", n.Name, n.To)
	}
	if h.Emergency != "off" && (len(h.Emergency) != 1 || !strings.Contains("0123456789*#", h.Emergency)) {
		return bad(at+".emergency", "is %q, want a key, 0 to 9, * or #, or off", h.Emergency)
	}
	return nil
}

// queueNames are the names of the queues, in their order.
func (c Config) queueNames() []string {
	names := make([]string, len(c.Queues))
	for i, q := range c.Queues {
		names[i] = q.Name
	}
	return names
}

func (c Config) checkQueues() error {
	if len(c.Queues) == 0 {
		return bad("queues", "is empty; give at least one a name")
	}
	names := c.queueNames()
	for i, q := range c.Queues {
		at := fmt.Sprintf("queues[%d]", i)
		if q.Name == "" {
			return bad(at, "has no name")
		}
		if !plainName.MatchString(q.Name) {
			return bad(at+".name", "is %q, want up to 40 letters, digits, - and _", q.Name)
		}
		if slices.Index(names, q.Name) < i {
			return bad(at+".name", "%s is there twice", q.Name)
		}
		if err := q.check(at); err != nil {
			return err
		}
		if err := c.checkWaiting(q, at); err != nil {
			return err
		}
	}
	return nil
}

func (q QueueConfig) check(at string) error {
	for _, d := range []struct {
		key   string
		value Duration
	}{{"ring_time", q.RingTime}, {"max_wait", q.MaxWait}, {"overflow_after", q.OverflowAfter}} {
		if d.value <= 0 {
			return bad(at+"."+d.key, "is %s, want more than 0", time.Duration(d.value))
		}
	}
	if q.TieWindow < 0 || q.TieWindow > Duration(5*time.Second) {
		return bad(at+".tie_window", "is %s, want 0s to 5s: the caller waits for it", time.Duration(q.TieWindow))
	}
	if _, err := acd.Named(q.Strategy, 0); err != nil {
		return bad(at+".strategy", "%s", err)
	}
	if err := q.checkSkills(at); err != nil {
		return err
	}
	if q.WrapUp < 0 {
		return bad(at+".wrap_up", "is %s, want 0s or more", time.Duration(q.WrapUp))
	}
	if q.Weight < 1 || q.Weight > 1000 {
		return bad(at+".weight", "is %d, want 1 to 1000", q.Weight)
	}
	if err := q.Recording.check(at + ".recording"); err != nil {
		return err
	}
	if q.Limit < 1 || q.Limit > 100_000 {
		return bad(at+".limit", "is %d, want 1 to 100000", q.Limit)
	}
	return nil
}

// checkSkills reports skills that decide nothing, and a strategy without any.
func (q QueueConfig) checkSkills(at string) error {
	given := len(q.Required) + len(q.Wished)
	switch {
	case q.Strategy == "skills" && given == 0:
		return bad(at+".required", "is empty like wished; the strategy skills needs one of them, like {english: 2}")
	case q.Strategy != "skills" && given > 0:
		return bad(at+".strategy", "is %s, which asks for no skills; want skills, or neither required nor wished", q.Strategy)
	}
	for key, skills := range map[string]Skills{"required": q.Required, "wished": q.Wished} {
		for _, skill := range slices.Sorted(maps.Keys(skills)) {
			if skills[skill] < 1 {
				return bad(at+"."+key, "%s has level %d, want 1 or more", skill, skills[skill])
			}
		}
	}
	return nil
}

// checkSkilled reports a queue that none of its members may serve.
func (q QueueConfig) checkSkilled(at string, d cases.Directory) error {
	members := q.queue(d).Members
	will := func(user string) bool {
		p, _ := d.Person(user)
		for skill, level := range q.Required {
			if p.Skills[skill] < level {
				return false
			}
		}
		return true
	}
	if len(members) == 0 || slices.ContainsFunc(members, will) {
		return nil
	}
	return bad(at+".required", "no agent of queue %s has all of it: nobody would ever be rung; give somebody these skills in the directory", q.Name)
}

// checkMembers reports the first member of a queue whom the directory does not
// have, and skills that no member has.
func (c Config) checkMembers(d cases.Directory) error {
	for i, q := range c.Queues {
		for j, user := range q.Members {
			if p, ok := d.Person(user); !ok || !p.Has(cases.RoleAgent) {
				return bad(fmt.Sprintf("queues[%d].members[%d]", i, j), "%s is no agent of the directory; shouwen user lists them", user)
			}
		}
		for j, name := range q.Departments {
			if _, ok := d.Department(name); !ok {
				return bad(fmt.Sprintf("queues[%d].departments[%d]", i, j), "%s is no department of the directory; add it there", name)
			}
		}
		if err := q.checkSkilled(fmt.Sprintf("queues[%d]", i), d); err != nil {
			return err
		}
	}
	return c.checkComplaints(d)
}

// checkComplaints reports the first who would be rung for complaints about staff and is
// not of the complaint centre: it may be about him.
func (c Config) checkComplaints(d cases.Directory) error {
	for i, h := range c.Hotlines {
		if !h.Complaints {
			continue
		}
		at := fmt.Sprintf("hotlines[%d].complaints", i)
		queues := []string{h.Queue, h.Night.Name}
		for _, q := range c.Queues {
			if !slices.Contains(queues, q.Name) {
				continue
			}
			for _, user := range q.queue(d).Members {
				if p, _ := d.Person(user); !p.Has(cases.RoleComplaintCentre) {
					return bad(at, "rings %s in queue %s, whom it may be about; its queue is to have members of the role complaint_centre only", user, q.Name)
				}
			}
			for _, overflow := range []call.Disposition{q.WhenFull, q.WhenNobody, q.WhenWaited} {
				if other, ok := overflow.OverflowTo(); ok && !slices.Contains(queues, other) {
					return bad(at, "overflows to queue %s, whose members it may be about; let queue %s take a message, or a callback", other, q.Name)
				}
			}
		}
	}
	return nil
}

// maxPauseReasons is how many reasons one digit can tell.
const maxPauseReasons = 9

func (a AgentsConfig) check() error {
	if a.MaxMissed < 0 {
		return bad("agents.max_missed", "is %d, want 0 (never) or more", a.MaxMissed)
	}
	if len(a.PauseReasons) > maxPauseReasons {
		return bad("agents.pause_reasons", "are %d, want at most %d: one digit tells them", len(a.PauseReasons), maxPauseReasons)
	}
	for i, r := range a.PauseReasons {
		at := fmt.Sprintf("agents.pause_reasons[%d]", i)
		if !plainName.MatchString(r) {
			return bad(at, "is %q, want up to 40 letters, digits, - and _", r)
		}
		if slices.Index(a.PauseReasons, r) < i {
			return bad(at, "%s is there twice", r)
		}
	}
	return nil
}

func (c Config) checkCodes() error {
	if wrong, ok := errors.AsType[*call.CodeError](c.Codes.Check()); ok {
		return bad("codes."+string(wrong.Feature), "%s", wrong.Text)
	}
	return nil
}

func (c Config) checkTrunks() error {
	for i, t := range c.Trunks {
		if t.Name == "" {
			return bad(fmt.Sprintf("trunks[%d]", i), "has no name")
		}
		if len(t.Peers) == 0 && t.Outbound == nil {
			return bad(fmt.Sprintf("trunks[%d]", i), "%s has no peers; without addresses nobody may call through it", t.Name)
		}
		if t.DTMF != "" && t.DTMF != "rfc4733" && t.DTMF != "inband" {
			return bad(fmt.Sprintf("trunks[%d].dtmf", i), "is %q, want rfc4733 or inband", t.DTMF)
		}
		if t.Channels < 0 {
			return bad(fmt.Sprintf("trunks[%d].channels", i), "is %d, want 0 (not known) or more", t.Channels)
		}
		if len(t.Country) != 2 {
			return bad(fmt.Sprintf("trunks[%d].country", i), "is %q, want two letters like CN", t.Country)
		}
		if err := c.checkTrunkOutbound(i); err != nil {
			return err
		}
	}
	return nil
}

func (h HTTPConfig) check() error {
	for name, a := range map[string]string{"console": h.Console, "metrics": h.Metrics} {
		if a == "" {
			continue
		}
		if _, _, err := net.SplitHostPort(a); err != nil {
			return bad("http."+name, "is %q, want address:port", a)
		}
	}
	return nil
}
