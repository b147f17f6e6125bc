package cases

import (
	"slices"
	"time"
)

// Sign is what on the record of a case lets an offence be suspected. What a policy calls
// that offence, it says itself.
type Sign string

// The signs, besides every Breach of the rules of conduct.
const (
	SignLateFront     Sign = "late_first_asker" // a clock in front of a department ran out
	SignLateBehind    Sign = "late_handler"     // a clock behind it did
	SignBrokenPromise Sign = "broken_promise"   // that of a promise
	SignReturnedTwice Sign = "returned_twice"   // departments gave the case back and forth
	SignInsisted      Sign = "insisted"         // it was handed over again to who had given it back as not theirs
	SignNotAnswered   Sign = "not_answered"     // the caller says that nobody answered him, though it was reported
	SignCameAgain     Sign = "came_again"       // he complained again about the same
	SignNoticeAgain   Sign = "noticed_twice"    // he was told a second time what to bring
)

var signs = vocabulary[Sign]{
	SignLateFront: {"首问环节超时", "late in front of a department"}, SignLateBehind: {"承办环节超时", "late behind it"},
	SignBrokenPromise: {"承诺未兑现", "a promise was not kept"}, SignReturnedTwice: {"反复退单", "given back twice"},
	SignInsisted: {"坚持错派", "handed over again to who had given it back"}, SignNotAnswered: {"回访称未获答复", "the caller says nobody answered him"},
	SignCameAgain: {"来电人再次投诉", "the caller complained again"}, SignNoticeAgain: {"再次要求补充", "asked for more a second time"},
	Sign(PushedAway): breaches[PushedAway], Sign(VerbalOrder): breaches[VerbalOrder], Sign(BannedPhrase): breaches[BannedPhrase],
	Sign(Retold): breaches[Retold], Sign(Uncivil): breaches[Uncivil],
}

// Words returns what s is called.
func (s Sign) Words() Words { return signs.of(s) }

// Suspicion is that somebody committed an offence, with what on record speaks for it.
// It is nothing more: somebody else verifies it, and only then a sanction may be proposed
// (S24-R11, S13-R11).
type Suspicion struct {
	Case       CaseNumber
	Offence    string // code of the policy
	Against    string // user; empty: nobody in particular of Department
	Department string // empty: the first-asker's own
	Sign       Sign
	Clock      ClockKind // that ran out; empty: it is no clock
	Late       Span      // by so much, at now or when it stopped
	Said       string    // in the words on record
}

// Suspected returns the offences of the policy that c shows signs of at now, again being
// the later cases in which its caller complained about the same. Nothing is suspected
// that was verified already, true or not.
func (s Sanctions) Suspected(c Case, again []CaseNumber, now time.Time) (all []Suspicion) {
	found := c.signs(again, now)
	for _, o := range s.Offences {
		if c.File.Verified != nil && c.File.Verified.Offence == o.Code {
			continue
		}
		for _, x := range found {
			if slices.Contains(o.Signs, x.Sign) || o.Insisted && s.WrongInsisting && x.Sign == SignInsisted {
				x.Case, x.Offence = c.Number, o.Code
				all = append(all, x)
			}
		}
	}
	return all
}

// signs returns what c shows, with whose it is.
func (c Case) signs(again []CaseNumber, now time.Time) (all []Suspicion) {
	front := Suspicion{Against: c.Responsible}
	behind := front
	if c.Department != "" {
		behind = Suspicion{Against: c.Handler, Department: c.Department}
	}
	add := func(whose Suspicion, sign Sign, said string) {
		whose.Sign, whose.Said = sign, said
		all = append(all, whose)
	}
	for _, k := range c.Clocks {
		late := k.Late(now)
		if late <= 0 || k.Of.ID == "" {
			continue
		}
		whose, sign := front, SignLateFront
		if k.terms().Behind() {
			whose, sign = behind, SignLateBehind
		}
		if k.Kind == ClockPromise {
			sign = SignBrokenPromise
		}
		whose.Clock, whose.Late = k.Kind, Span(late)
		add(whose, sign, "")
	}
	f := c.File
	if back := f.Returned; back != nil && (f.Disputed || f.Arbiter != "") {
		add(Suspicion{Against: back.By, Department: back.From}, SignReturnedTwice, back.Opinion)
	}
	if i := slices.IndexFunc(f.Handed, func(h HandOver) bool { return h.Insisted }); i >= 0 {
		add(Suspicion{Against: f.Handed[i].By}, SignInsisted, "")
	}
	for _, v := range f.Visits {
		if !v.Answered {
			add(behind, SignNotAnswered, v.Said)
		}
	}
	for _, n := range again {
		add(behind, SignCameAgain, string(n))
	}
	if n := len(f.Notices); n > 1 {
		add(front, SignNoticeAgain, "")
	}
	for _, v := range f.Violations {
		add(Suspicion{Against: v.Who}, Sign(v.Of), v.Said)
	}
	return all
}
