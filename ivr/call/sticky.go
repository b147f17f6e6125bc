package call

import (
	"fmt"
	"strings"
	"time"

	"shouwen/cases"
	"shouwen/ivr/acd"
)

// sticks has the first-asker of a caller's open case rung first, and the caller
// served before those who call for the first time. Emergencies need neither.
func sticks(caller acd.Caller, again Again, stickyFor time.Duration) acd.Caller {
	if again.Repeat == NoRepeat || caller.Priority == acd.Emergency {
		return caller
	}
	caller.Priority = max(caller.Priority, acd.Repeat)
	if stickyFor > 0 {
		caller.First, caller.FirstFor = again.FirstAsker, stickyFor
	}
	return caller
}

// tells is what the phone of user is told of the call: whoever calls again, by the
// number of his open case; to its first-asker that comes as the name.
func (c *Conversation) tells(user string) shown {
	told := shown{Caller: c.live.Caller, number: c.live.Case, firstAsker: c.again.FirstAsker}
	if told.number == "" {
		told.number = c.again.Case
	}
	if told.number != "" && user == c.again.FirstAsker {
		told.Display = string(told.number)
	}
	return told
}

// offer lets those know who may be first-asker, and him who picked up, that one of them is
// to take his case over (S19-R2).
func (s *Switch) offer(n cases.CaseNumber, user string) {
	text := fmt.Sprintf("Case %s was picked up by %s, who is not to be first-asker: please take it over", n, user)
	if strings.HasPrefix(s.Language, "zh") {
		text = fmt.Sprintf("案件 %s 由非首问岗位 %s 接听，请窗口人员接手", n, user)
	}
	for _, who := range append(s.OffPool(user), user) {
		s.Tell(who, text)
	}
}

// tellFirstAsker lets the first-asker of the caller's open case know who spoke with
// him instead; agent is empty if nobody did.
func (c *Conversation) tellFirstAsker(agent string) {
	if c.again.FirstAsker == "" || agent == c.again.FirstAsker {
		return
	}
	zh := strings.HasPrefix(c.sw.Language, "zh")
	var text string
	switch {
	case agent == "" && zh:
		text = fmt.Sprintf("案件 %s 的来电人再次来电,无人接听", c.again.Case)
	case agent == "":
		text = fmt.Sprintf("The caller of case %s called again, and nobody answered", c.again.Case)
	case zh:
		text = fmt.Sprintf("案件 %s 的来电人再次来电,由 %s 接听", c.again.Case, agent)
	default:
		text = fmt.Sprintf("The caller of case %s called again and speaks with %s", c.again.Case, agent)
	}
	c.sw.Tell(c.again.FirstAsker, text)
}
