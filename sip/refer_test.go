package sip_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"shouwen/sip"
	"shouwen/sip/siptest"
)

// answering is phone 1001 in a call of ours, which does only what the test tells it.
func (b *bed) answering(t *testing.T) (siptest.TestPhone, *sip.Leg, *siptest.Dialog) {
	t.Helper()
	p, leg, invite := b.rung(t, siptest.Config{})
	d, _ := b.pickUp(t, p, leg, invite)
	return p, leg, d
}

const toColleague = "Refer-To: <sip:1002@" + domain + ">"

// notified waits for a NOTIFY, answers it and checks what it tells.
func notified(t *testing.T, p siptest.TestPhone, refer *siptest.Message, status, state string) {
	t.Helper()
	m := p.Expect("NOTIFY")
	p.Reply(m, 200, "")
	id, _, _ := strings.Cut(refer.Get("CSeq"), " ")
	if m.Get("Event") != "refer;id="+id || !strings.HasPrefix(m.Get("Subscription-State"), state) ||
		!strings.HasPrefix(m.Get("Content-Type"), "message/sipfrag") || !strings.HasPrefix(m.Body, "SIP/2.0 "+status+" ") || m.Get("Contact") == "" {
		t.Errorf("want %s, %s; got\n%s", status, state, m)
	}
}

// TestRefer: the phone hears 202 and, in order, what becomes of its wish; the BYE
// waits until it knows the end.
func TestRefer(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p, leg, d := b.answering(t)
	refer := p.Send(d.Request("REFER").With(toColleague))
	r := next[sip.Referred](t, b, leg)
	if r.To != "1002" || r.Replaces != nil {
		t.Errorf("to %q, replaces %+v", r.To, r.Replaces)
	}
	r.Accept()
	p.Expect("202 REFER")
	notified(t, p, refer, "100", "active")
	r.Progress(180)
	notified(t, p, refer, "180", "active")
	r.Done(200)
	leg.Hangup(sip.Hangup{})
	if e := next[sip.Ended](t, b, leg); e.Cause != sip.EndLocal {
		t.Errorf("ended %+v", e)
	}
	m := p.Expect("NOTIFY")
	if !strings.HasPrefix(m.Body, "SIP/2.0 200 OK") || m.Get("Subscription-State") != "terminated;reason=noresource" {
		t.Errorf("the last NOTIFY: %s", m)
	}
	quiet(t, p, "BYE", 100*time.Millisecond)
	p.Reply(m, 200, "")
	p.Reply(p.Expect("BYE"), 200, "")
	gone(t, leg)
}

// TestReferNews: what was overtaken by later news is not told, and a phone that
// does not answer is hung up a second later.
func TestReferNews(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p, leg, d := b.answering(t)
	refer := p.Send(d.Request("REFER").With(toColleague))
	r := next[sip.Referred](t, b, leg)
	r.Accept()
	p.Expect("202 REFER")
	first := p.Expect("NOTIFY")
	r.Progress(180)
	r.Done(486)
	leg.Hangup(sip.Hangup{})
	p.Reply(first, 200, "")
	m := p.Expect("NOTIFY")
	for m.Get("CSeq") == first.Get("CSeq") { // sent again
		p.Reply(m, 200, "")
		m = p.Expect("NOTIFY")
	}
	if !strings.HasPrefix(m.Body, "SIP/2.0 486 ") {
		t.Errorf("after %s: %s", refer.Get("CSeq"), m)
	}
	told := m.At
	bye := p.Expect("BYE")
	p.Reply(bye, 200, "")
	if took := bye.At.Sub(told); took < 500*time.Millisecond || took > 30*time.Second {
		t.Errorf("BYE after %s, want a second", took)
	}
	gone(t, leg)
}

// TestReferRefused: what is malformed, from outside or leads outside is not for
// anybody to decide.
func TestReferRefused(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p, leg, d := b.answering(t)
	for name, tt := range map[string]struct {
		status  string
		headers []string
	}{
		"no target":         {"400", nil},
		"two targets":       {"400", []string{"Refer-To: <sip:1002@" + domain + ">, <sip:1003@" + domain + ">"}},
		"no URI":            {"400", []string{"Refer-To: <1002>"}},
		"not an INVITE":     {"400", []string{"Refer-To: <sip:1002@" + domain + ";method=BYE>"}},
		"half a Replaces":   {"400", []string{"Refer-To: <sip:1002@" + domain + "?Replaces=a%3Bto-tag%3D1>"}},
		"another domain":    {"403", []string{"Refer-To: <sip:1002@elsewhere.example>"}},
		"no telephone":      {"416", []string{"Refer-To: <https://example.org/>"}},
		"nobody in a realm": {"400", []string{"Refer-To: <sip:" + domain + ">"}},
	} {
		p.Send(d.Request("REFER").With(tt.headers...))
		if m := p.Expect("4xx REFER"); fmt.Sprint(m.Status) != tt.status {
			t.Errorf("%s: %d, want %s", name, m.Status, tt.status)
		}
	}
	p.Send(d.Request("REFER").With(toColleague))
	next[sip.Referred](t, b, leg) // and nobody decides
	p.Expect("481 REFER")
	b.hangup(t, p, d, leg)

	outside := b.script(t)
	trunk, dialog, _, _ := b.scripted(t, outside)
	outside.Send(dialog.Request("REFER").With(toColleague))
	outside.Expect("403 REFER")
	stranger := outside.Request("REFER", b.hotline()).With(toColleague)
	outside.Send(stranger)
	outside.Expect("403 REFER")
	b.hangup(t, outside, dialog, trunk)
}

// TestReferOfTheGone: a REFER whose call ends before anybody decided gets 481; one
// that its BYE overtook does not.
func TestReferOfTheGone(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p, leg, d := b.answering(t)
	p.Send(d.Request("INFO"))
	p.Expect("200 INFO")
	p.Send(d.Request("REFER").With(toColleague))
	r := next[sip.Referred](t, b, leg)
	p.Send(d.Request("BYE"))
	p.Expect("481 REFER")
	b.over(t, leg, sip.EndHangup)
	r.Done(200) // means nothing any more

	invited := b.dial(t, "1001")
	d, _ = b.pickUp(t, p, invited, p.Expect("INVITE"))
	p.Send(d.Request("INFO"))
	p.Expect("200 INFO")
	refer, bye := d.Request("REFER").With(toColleague), d.Request("BYE")
	p.Send(bye)
	p.Send(refer)
	late := next[sip.Referred](t, b, invited)
	late.Accept()
	p.Expect("202 REFER")
	p.Expect("200 BYE")
	b.over(t, invited, sip.EndHangup)
}

// TestReferWithoutNews: a phone that wants no NOTIFY gets none (RFC 4488).
func TestReferWithoutNews(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p, leg, d := b.answering(t)
	p.Send(d.Request("REFER").With(toColleague, "Refer-Sub: false", "Require: norefersub"))
	r := next[sip.Referred](t, b, leg)
	r.Accept()
	if m := p.Expect("202 REFER"); m.Get("Refer-Sub") != "false" {
		t.Errorf("Refer-Sub: %q", m.Get("Refer-Sub"))
	}
	r.Done(200)
	leg.Hangup(sip.Hangup{})
	p.Reply(p.Expect("BYE"), 200, "")
	if n := p.Count("NOTIFY"); n != 0 {
		t.Errorf("%d NOTIFYs", n)
	}
	b.over(t, leg, sip.EndLocal)
}

// TestReplaced: a dialog is found by what its peer calls it, and by nothing else.
func TestReplaced(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p, leg, d := b.answering(t)
	own, theirs := leg.ID(), d.Local[strings.Index(d.Local, ";tag=")+len(";tag="):]
	find := func(replaces string) *sip.Leg {
		t.Helper()
		p.Send(d.Request("REFER").With("Refer-To: <sip:1002@" + domain + "?Replaces=" + replaces + ">"))
		r := next[sip.Referred](t, b, leg)
		r.Refuse(603)
		p.Expect("603 REFER")
		found, ended := b.ua.Replaced(*r.Replaces)
		if ended {
			t.Error("has ended")
		}
		return found
	}
	if got := find(d.CallID + "%3Bto-tag%3D" + own + "%3Bfrom-tag%3D" + theirs); got != leg {
		t.Errorf("found %v", got)
	}
	for _, other := range []string{
		d.CallID + "%3Bto-tag%3D" + theirs + "%3Bfrom-tag%3D" + own, "x%3Bto-tag%3D" + own + "%3Bfrom-tag%3D" + theirs,
		d.CallID + "%3Bto-tag%3D" + own + "%3Bfrom-tag%3D0",
	} {
		if got := find(other); got != nil {
			t.Errorf("%s: found", other)
		}
	}
	b.hangup(t, p, d, leg)
	for replaces, want := range map[sip.Replaces]bool{sip.NewReplaces(d.CallID, own, theirs): true, sip.NewReplaces(d.CallID, theirs, own): false} {
		if got, ended := b.ua.Replaced(replaces); got != nil || ended != want {
			t.Errorf("%+v: found %v, ended %t, want %t", replaces, got, ended, want)
		}
	}
}

// TestNewReceiverOfEvents is told what the leg is already.
func TestNewReceiverOfEvents(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p, leg, d := b.answering(t)
	told := make(chan sip.Event, 10)
	leg.Handle(func(e sip.Event) { told <- e })
	if e := receive(t, told); e != (sip.Answered{}) {
		t.Errorf("told %T", e)
	}
	p.Send(d.Request("BYE"))
	p.Expect("200 BYE")
	if e, ok := receive(t, told).(sip.Ended); !ok || e.Cause != sip.EndHangup {
		t.Errorf("told %+v", e)
	}
	gone(t, leg)
	leg.Handle(func(e sip.Event) { told <- e })
	if e, ok := receive(t, told).(sip.Ended); !ok || e.Cause != sip.EndHangup {
		t.Errorf("told %+v after the end", e)
	}
}
