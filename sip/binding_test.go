package sip

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var noon = time.Date(2026, 9, 21, 12, 0, 0, 0, time.UTC)

func boundAt(uri, callID string, cseq uint32, at time.Time, expires time.Duration) Binding {
	return Binding{User: "1001", Contact: uri, CallID: callID, CSeq: cseq, Q: 1, Updated: at, Expires: at.Add(expires)}
}

func TestRegister(t *testing.T) {
	const desk, home = "sip:1001@10.0.0.5:5060", "sip:1001@10.0.0.9:5060"
	old := noon.Add(-10 * time.Minute)
	ten := make([]Binding, maxBindings)
	for i := range ten {
		ten[i] = boundAt(fmt.Sprintf("sip:1001@10.0.1.%d", i), "other", 1, old, time.Hour)
	}
	phone := Binding{User: "1001", CallID: "c", CSeq: 7}
	tests := map[string]struct {
		existing []Binding
		r        registration
		outcome  regOutcome
		want     string // contacts in order, with seconds left
	}{
		"a first contact": {nil, registration{from: phone, contacts: []contact{{uri: desk, expires: time.Hour}}}, regStored, desk + " 3600"},
		"a second contact, the latest first": {[]Binding{boundAt(home, "h", 1, old, time.Hour)},
			registration{from: phone, contacts: []contact{{uri: desk, q: 1, expires: time.Hour}}}, regStored, desk + " 3600, " + home + " 3000"},
		"q comes before time": {[]Binding{boundAt(home, "h", 1, old, time.Hour)},
			registration{from: phone, contacts: []contact{{uri: desk, q: 0.5, expires: time.Hour}}}, regStored, home + " 3000, " + desk + " 3600"},
		"a query changes nothing": {[]Binding{boundAt(home, "h", 1, old, time.Hour)}, registration{from: phone}, regStored, home + " 3000"},
		"a refresh replaces": {[]Binding{boundAt(desk, "c", 6, old, time.Hour)},
			registration{from: phone, contacts: []contact{{uri: desk, expires: time.Hour}}}, regStored, desk + " 3600"},
		"the same contact by another Call-ID, lower CSeq": {[]Binding{boundAt(desk, "before restart", 900, old, time.Hour)},
			registration{from: phone, contacts: []contact{{uri: desk, expires: time.Hour}}}, regStored, desk + " 3600"},
		"an older REGISTER of the same Call-ID": {[]Binding{boundAt(desk, "c", 8, old, time.Hour)},
			registration{from: phone, contacts: []contact{{uri: desk, expires: 0}}}, regOutOfOrder, desk + " 3000"},
		"the same REGISTER again": {[]Binding{boundAt(desk, "c", 7, old, time.Hour)},
			registration{from: phone, contacts: []contact{{uri: desk, expires: time.Hour}}}, regOutOfOrder, desk + " 3000"},
		"one contact out of order stops all": {[]Binding{boundAt(desk, "c", 8, old, time.Hour)},
			registration{from: phone, contacts: []contact{{uri: home, expires: time.Hour}, {uri: desk, expires: time.Hour}}}, regOutOfOrder, desk + " 3000"},
		"expires 0 removes that contact": {[]Binding{boundAt(desk, "c", 6, old, time.Hour), boundAt(home, "h", 1, old, time.Hour)},
			registration{from: phone, contacts: []contact{{uri: desk}}}, regStored, home + " 3000"},
		"removing what is not there": {nil, registration{from: phone, contacts: []contact{{uri: desk}}}, regStored, ""},
		"59 seconds are too brief": {[]Binding{boundAt(home, "h", 1, old, time.Hour)},
			registration{from: phone, contacts: []contact{{uri: desk, expires: 59 * time.Second}}}, regTooBrief, home + " 3000"},
		"60 seconds are enough":     {nil, registration{from: phone, contacts: []contact{{uri: desk, expires: time.Minute}}}, regStored, desk + " 60"},
		"a day is cut to two hours": {nil, registration{from: phone, contacts: []contact{{uri: desk, expires: 24 * time.Hour}}}, regStored, desk + " 7200"},
		"* with Expires 0 removes all": {[]Binding{boundAt(desk, "c", 6, old, time.Hour), boundAt(home, "h", 1, old, time.Hour)},
			registration{from: phone, wildcard: true}, regStored, ""},
		"* without Expires 0": {[]Binding{boundAt(home, "h", 1, old, time.Hour)},
			registration{from: phone, wildcard: true, expires: time.Hour}, regBadWildcard, home + " 3000"},
		"* beside another contact": {[]Binding{boundAt(home, "h", 1, old, time.Hour)},
			registration{from: phone, wildcard: true, contacts: []contact{{uri: desk}}}, regBadWildcard, home + " 3000"},
		"* of an older REGISTER": {[]Binding{boundAt(desk, "c", 8, old, time.Hour)},
			registration{from: phone, wildcard: true}, regOutOfOrder, desk + " 3000"},
		"expired ones are not listed": {[]Binding{boundAt(home, "h", 1, old, 10*time.Minute)}, registration{from: phone}, regStored, ""},
		"an expired one holds no CSeq": {[]Binding{boundAt(desk, "c", 8, old, time.Minute)},
			registration{from: phone, contacts: []contact{{uri: desk, expires: time.Hour}}}, regStored, desk + " 3600"},
		"the same instance replaces, whatever its URI": {
			[]Binding{{User: "1001", Contact: home, Instance: "<urn:uuid:1>", CallID: "h", Q: 1, Updated: old, Expires: noon.Add(time.Hour)}},
			registration{from: phone, contacts: []contact{{uri: desk, instance: "<urn:uuid:1>", expires: time.Hour}}}, regStored, desk + " 3600"},
		"another reg-id of the same instance stands beside it": {
			[]Binding{{User: "1001", Contact: home, Instance: "<urn:uuid:1>", RegID: 1, CallID: "h", Q: 1, Updated: old, Expires: noon.Add(time.Hour)}},
			registration{from: phone, contacts: []contact{{uri: desk, instance: "<urn:uuid:1>", regID: 2, q: 1, expires: time.Hour}}}, regStored, desk + " 3600, " + home + " 3600"},
		"a contact twice in one REGISTER: the last counts": {nil,
			registration{from: phone, contacts: []contact{{uri: desk, expires: time.Hour}, {uri: "sip:1001@10.0.0.5", expires: time.Minute}}}, regStored, "sip:1001@10.0.0.5 60"},
		"an eleventh contact": {ten, registration{from: phone, contacts: []contact{{uri: desk, expires: time.Hour}}}, regTooMany, ""},
		"a refresh among ten": {ten, registration{from: phone, contacts: []contact{{uri: "sip:1001@10.0.1.3", expires: time.Hour}}}, regStored, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			before := slices.Clone(tt.existing)
			result, outcome := register(noon, tt.existing, tt.r)
			if outcome != tt.outcome {
				t.Errorf("outcome = %s, want %s", outcome, tt.outcome)
			}
			if !slices.EqualFunc(before, tt.existing, Binding.equal) {
				t.Error("the existing bindings were changed")
			}
			if len(tt.existing) == maxBindings {
				if len(result) != maxBindings {
					t.Errorf("%d contacts", len(result))
				}
				return
			}
			if got := listing(result, noon); got != tt.want {
				t.Errorf("contacts = %s, want %s", got, tt.want)
			}
		})
	}
}

func listing(bindings []Binding, now time.Time) string {
	var all []string
	for _, b := range bindings {
		all = append(all, fmt.Sprintf("%s %.0f", b.Contact, b.Expires.Sub(now).Seconds()))
	}
	return strings.Join(all, ", ")
}

func TestContactKey(t *testing.T) {
	tests := map[string]struct {
		a, b string
		same bool
	}{
		"host in another case":            {"sip:1001@Desk.example", "sip:1001@desk.example", true},
		"default port":                    {"sip:1001@192.0.2.5", "sip:1001@192.0.2.5:5060", true},
		"user in another case":            {"sip:clerk@192.0.2.5", "sip:Clerk@192.0.2.5", false},
		"another port":                    {"sip:1001@192.0.2.5", "sip:1001@192.0.2.5:5062", false},
		"another transport":               {"sip:1001@192.0.2.5", "sip:1001@192.0.2.5;transport=TCP", false},
		"transport in another case":       {"sip:1001@192.0.2.5;transport=tcp", "sip:1001@192.0.2.5;Transport=TCP", true},
		"a parameter new at every start":  {"sip:1001@192.0.2.5;rinstance=ab12", "sip:1001@192.0.2.5;rinstance=cd34", true},
		"sips is not sip":                 {"sip:1001@192.0.2.5", "sips:1001@192.0.2.5:5060", false},
		"IPv6 address in another case":    {"sip:1001@[2001:db8::A]", "sip:1001@[2001:DB8::a]:5060", true},
		"what cannot be read is itself":   {"sip:1001@192.0.2.5:x", "sip:1001@192.0.2.5:x", true},
		"what cannot be read, differs":    {"sip:1001@192.0.2.5:x", "sip:1001@192.0.2.5:y", false},
		"no user is not the user of some": {"sip:192.0.2.5", "sip:1001@192.0.2.5", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := contactKey(tt.a) == contactKey(tt.b); got != tt.same {
				t.Errorf("%s and %s the same = %v", contactKey(tt.a), contactKey(tt.b), got)
			}
		})
	}
}

// Whatever is registered in whatever order: nothing expired is listed, no
// contact and no instance twice, never more than ten, preferred first.
func TestRegisterInvariants(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := noon
		var bindings []Binding
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 3000).Draw(t, "seconds")) * time.Second)
			before := slices.Clone(bindings)
			result, outcome := register(now, bindings, drawRegistration(t))
			if outcome == regStored {
				bindings = result
			} else if live := slices.DeleteFunc(before, func(b Binding) bool { return !b.Expires.After(now) }); !slices.EqualFunc(live, result, Binding.equal) {
				t.Fatalf("refused as %s, yet changed", outcome)
			}
			checkBindings(t, now, result)
		}
	})
}

func drawRegistration(t *rapid.T) registration {
	r := registration{
		from:     Binding{User: "1001", CallID: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "call"), CSeq: rapid.Uint32Range(1, 20).Draw(t, "cseq")},
		wildcard: rapid.IntRange(0, 15).Draw(t, "wildcard") == 0,
		expires:  rapid.SampledFrom([]time.Duration{0, time.Hour}).Draw(t, "expires header"),
	}
	for range rapid.IntRange(0, 3).Draw(t, "contacts") {
		c := contact{
			uri:      fmt.Sprintf("sip:1001@10.0.0.%d", rapid.IntRange(1, 14).Draw(t, "host")),
			instance: rapid.SampledFrom([]string{"", "<urn:uuid:1>", "<urn:uuid:2>"}).Draw(t, "instance"),
			q:        rapid.SampledFrom([]float32{0, 0.5, 1}).Draw(t, "q"),
			expires:  time.Duration(rapid.SampledFrom([]int{0, 30, 60, 3600, 100_000}).Draw(t, "expires")) * time.Second,
		}
		if c.instance != "" {
			c.regID = rapid.IntRange(0, 2).Draw(t, "reg-id")
		}
		r.contacts = append(r.contacts, c)
	}
	return r
}

func checkBindings(t *rapid.T, now time.Time, bindings []Binding) {
	if len(bindings) > maxBindings {
		t.Fatalf("%d bindings", len(bindings))
	}
	if !slices.IsSortedFunc(bindings, preferred) {
		t.Fatal("not in order of preference")
	}
	contacts, instances := make(map[string]bool), make(map[string]bool)
	for _, b := range bindings {
		left := b.Expires.Sub(now)
		if left <= 0 || left > maxExpires {
			t.Fatalf("%s expires in %s", b.Contact, left)
		}
		instance := fmt.Sprint(b.Instance, b.RegID)
		if contacts[contactKey(b.Contact)] || b.Instance != "" && instances[instance] {
			t.Fatalf("%s %s twice", b.Contact, instance)
		}
		contacts[contactKey(b.Contact)], instances[instance] = true, true
	}
}

func TestMergeBindings(t *testing.T) {
	newer, older := boundAt("sip:1001@10.0.0.5", "c", 2, noon, time.Hour), boundAt("sip:1001@10.0.0.5:5060", "c", 1, noon.Add(-time.Minute), time.Hour)
	elsewhere := boundAt("sip:1001@10.0.0.9", "h", 1, noon.Add(-time.Hour), 2*time.Hour)
	expired := boundAt("sip:1001@10.0.0.7", "x", 1, noon.Add(-time.Hour), time.Hour)
	want := "sip:1001@10.0.0.5 3600, sip:1001@10.0.0.9 3600"
	if got := listing(mergeBindings(noon, []Binding{older, elsewhere}, []Binding{newer, expired}), noon); got != want {
		t.Errorf("merged = %s, want %s", got, want)
	}
	if got := listing(mergeBindings(noon, []Binding{newer, expired}, []Binding{older, elsewhere}), noon); got != want {
		t.Errorf("merged the other way = %s, want %s", got, want)
	}
}

func TestReadRegistration(t *testing.T) {
	tests := map[string]struct {
		lines []string
		want  string // uri/instance/reg-id/q/seconds; …
		ok    bool
	}{
		"name-addr":                         {[]string{"Contact: <sip:1001@10.0.0.5:5060>"}, "sip:1001@10.0.0.5:5060//0/1/3600", true},
		"compact m, compact nothing else":   {[]string{"m: <sip:1001@10.0.0.5:5060>", "Expires: 120"}, "sip:1001@10.0.0.5:5060//0/1/120", true},
		"expires of the contact wins":       {[]string{"Contact: <sip:1001@10.0.0.5>;expires=90", "Expires: 120"}, "sip:1001@10.0.0.5//0/1/90", true},
		"parameter names in any case":       {[]string{`Contact: "Desk" <sip:1001@10.0.0.5>;Q=0.25;EXPIRES=90`}, "sip:1001@10.0.0.5//0/0.25/90", true},
		"no brackets: the contact's own":    {[]string{"Contact: sip:1001@10.0.0.5;expires=90"}, "sip:1001@10.0.0.5//0/1/90", true},
		"several in one field":              {[]string{"Contact: <sip:a@10.0.0.5>, <sip:b@10.0.0.6>;expires=0"}, "sip:a@10.0.0.5//0/1/3600; sip:b@10.0.0.6//0/1/0", true},
		"several without brackets":          {[]string{"Contact: sip:a@10.0.0.5,sip:b@10.0.0.6"}, "sip:a@10.0.0.5//0/1/3600; sip:b@10.0.0.6//0/1/3600", true},
		"several fields":                    {[]string{"Contact: <sip:a@10.0.0.5>", "m: <sip:b@10.0.0.6>"}, "sip:a@10.0.0.5//0/1/3600; sip:b@10.0.0.6//0/1/3600", true},
		"instance and reg-id":               {[]string{`Contact: <sip:1001@10.0.0.5>;+sip.instance="<urn:uuid:00000000-0000-1000-8000-000a95a0e128>";reg-id=1`}, "sip:1001@10.0.0.5/<urn:uuid:00000000-0000-1000-8000-000a95a0e128>/1/1/3600", true},
		"reg-id alone means nothing":        {[]string{"Contact: <sip:1001@10.0.0.5>;reg-id=1"}, "sip:1001@10.0.0.5//0/1/3600", true},
		"malformed expires is the default":  {[]string{"Contact: <sip:1001@10.0.0.5>;expires=-1", "Expires: 120"}, "sip:1001@10.0.0.5//0/1/3600", true},
		"malformed Expires is the default":  {[]string{"Contact: <sip:1001@10.0.0.5>", "Expires: soon"}, "sip:1001@10.0.0.5//0/1/3600", true},
		"q that is no number between 0, 1":  {[]string{"Contact: <sip:1001@10.0.0.5>;q=NaN"}, "sip:1001@10.0.0.5//0/1/3600", true},
		"headers in the URI are dropped":    {[]string{"Contact: <sip:1001@10.0.0.5?Route=%3Csip:x%3E>"}, "sip:1001@10.0.0.5//0/1/3600", true},
		"wildcard":                          {[]string{"Contact: *", "Expires: 0"}, "*0", true},
		"compact wildcard":                  {[]string{"m: *", "Expires: 0"}, "*0", true},
		"wildcard without Expires":          {[]string{"Contact: *"}, "*3600", true},
		"none is a query":                   {nil, "", true},
		"a telephone is no contact":         {[]string{"Contact: <tel:+15550100>"}, "", false},
		"nor is a page":                     {[]string{"Contact: <http://10.0.0.5/>"}, "", false},
		"a URI with blanks":                 {[]string{"Contact: <sip:10 01@10.0.0.5>"}, "", false},
		"a URI over 512 bytes":              {[]string{"Contact: <sip:" + strings.Repeat("1", 512) + "@10.0.0.5>"}, "", false},
		"path that is none":                 {[]string{"Contact: <sip:1001@10.0.0.5>", "Path: nonsense"}, "", false},
		"path longer than any real one":     {[]string{"Contact: <sip:1001@10.0.0.5>", "Path: " + strings.Repeat("<sip:p.example;lr>,", 5) + "<sip:p.example;lr>"}, "", false},
		"path with a quote and nothing":     {[]string{"Contact: <sip:1001@10.0.0.5>", `Path: "`}, "", false},
		"instance that would break a quote": {[]string{`Contact: <sip:1001@10.0.0.5>;+sip.instance="<a\"b>"`}, "sip:1001@10.0.0.5//0/1/3600", true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r, ok := readRegistration(requestOf(t, "REGISTER", "sip:hotline.example", "1001", tt.lines...), Binding{})
			if ok != tt.ok {
				t.Fatalf("ok = %v, want %v", ok, tt.ok)
			}
			if got := summary(r); ok && got != tt.want {
				t.Errorf("read %s, want %s", got, tt.want)
			}
		})
	}
}

func summary(r registration) string {
	if r.wildcard {
		return fmt.Sprintf("*%.0f", r.expires.Seconds())
	}
	var all []string
	for _, c := range r.contacts {
		all = append(all, fmt.Sprintf("%s/%s/%d/%g/%.0f", c.uri, c.instance, c.regID, c.q, c.expires.Seconds()))
	}
	return strings.Join(all, "; ")
}

func TestReadPath(t *testing.T) {
	req := requestOf(t, "REGISTER", "sip:hotline.example", "1001",
		"Path: <sip:p1.example;lr>, <sip:p2.example:5070;lr;x=1>", "Path: <sip:p3.example;lr>")
	path, ok := readPath(req)
	if got, want := strings.Join(path, " "), "<sip:p1.example;lr> <sip:p2.example:5070;lr;x=1> <sip:p3.example;lr>"; !ok || got != want {
		t.Errorf("path = %s, %v, want %s", got, ok, want)
	}
}

func TestReplyGoesBackThroughNAT(t *testing.T) {
	req := requestOf(t, "REGISTER", "sip:hotline.example", "1001")
	res := replyTo(req, netip.MustParseAddrPort("[::ffff:203.0.113.7]:40123"), 200, "OK")
	via := res.Via()
	if received, rport := uriParam(via.Params, "received"), uriParam(via.Params, "rport"); received != "203.0.113.7" || rport != "40123" {
		t.Errorf("received = %s, rport = %s", received, rport)
	}
	if res.Destination() != "203.0.113.7:40123" {
		t.Errorf("destination = %s", res.Destination())
	}
	if strings.Contains(req.String(), "received") {
		t.Error("the request was changed")
	}
}

// FuzzRegister: no REGISTER breaks the reader, and what it reads can be
// answered on lines of its own.
func FuzzRegister(f *testing.F) {
	f.Add("<sip:1001@10.0.0.5:5060>;expires=60", "<sip:p.example;lr>", "3600")
	f.Add("*", "", "0")
	f.Add(`sip:a@b, sip:c@d;+sip.instance="<x>"`, `"`, "-1")
	f.Fuzz(func(t *testing.T, contactField, path, expires string) {
		if strings.ContainsAny(contactField+path+expires, "\r\n") {
			t.Skip("a line break ends the field before it is read")
		}
		raw := "REGISTER sip:hotline.example SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.5;branch=z9hG4bK1\r\nFrom: <sip:1001@h>;tag=a\r\nTo: <sip:1001@h>\r\n" +
			"Call-ID: c\r\nCSeq: 1 REGISTER\r\nContact: " + contactField + "\r\nPath: " + path + "\r\nExpires: " + expires + "\r\nContent-Length: 0\r\n\r\n"
		m, err := parseRaw(raw)
		if err != nil {
			return
		}
		r, ok := readRegistration(m, Binding{User: "1001", CallID: "c", CSeq: 1})
		if !ok {
			return
		}
		bindings, outcome := register(noon, nil, r)
		res := replyTo(m, deskFlow, 200, "OK")
		answerRegister(res, outcome, bindings, r.from.Path, noon)
		again, err := parseRaw("REGISTER sip:h SIP/2.0\r\n" + strings.SplitN(res.String(), "\r\n", 2)[1])
		if err != nil {
			t.Fatalf("the answer cannot be read: %v\n%s", err, res)
		}
		if n := len(again.GetHeaders("Contact")); n != len(bindings) {
			t.Fatalf("%d contacts answered for %d\n%s", n, len(bindings), res)
		}
	})
}
