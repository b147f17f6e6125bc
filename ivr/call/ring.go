package call

import (
	"log/slog"

	"shouwen/cases"
	"shouwen/metrics"
	"shouwen/sip"
)

// shown is what a phone that rings is told of the call.
type shown struct {
	cases.Caller
	number     cases.CaseNumber // empty: no case yet
	firstAsker string           // of the open case of a caller who calls again; empty: none
	by         string           // user who passes the caller on; empty: nobody
}

// ring dials every contact of user and returns the legs. Their events go to post,
// with the leg they are about.
func (s *Switch) ring(user string, shown shown, log *slog.Logger, post func(event)) []*sip.Leg {
	from := string(shown.E164)
	if shown.Withheld || from == "" {
		from = "anonymous"
	}
	headers := make(map[string]string)
	if shown.number != "" {
		headers[sip.HeaderCase] = string(shown.number)
	}
	if shown.firstAsker != "" {
		headers[sip.HeaderFirstAsker] = shown.firstAsker
	}
	if shown.by != "" {
		headers[sip.HeaderReferredBy] = shown.by
	}
	var legs []*sip.Leg
	for _, b := range s.Phones.Contacts(user) {
		var leg *sip.Leg
		known := make(chan struct{}) // leg is set before its first event is told
		leg, err := s.Phones.Dial(b, sip.Dialing{
			Caller: from, Name: shown.Display, Headers: headers,
			Log: log.With("agent", user),
			Events: func(e sip.Event) {
				<-known
				post(event{kind: agentEvent(e), sip: e, leg: leg, user: user})
			},
		})
		close(known)
		if err != nil {
			log.Warn("phone not rung", "agent", user, "err", err)
			continue
		}
		legs = append(legs, leg)
	}
	return legs
}

// missedBecause says why a phone did not take a call.
func missedBecause(e sip.Ended) metrics.Missed {
	switch {
	case e.Cause == sip.EndRejected && (e.Code == 486 || e.Code == 600 || e.Code == 603):
		return metrics.Declined
	case e.Cause == sip.EndRejected && (e.Code == 480 || e.Code == 408 || e.Code == 487):
		return metrics.NoAnswer
	}
	return metrics.Unreachable
}
