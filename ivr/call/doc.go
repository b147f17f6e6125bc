// Package call conducts calls: it joins legs, queues, prompts and cases. A
// Switch takes every new leg; a caller of a hotline becomes a Conversation,
// which answers, waits with him in the queue, rings agents, opens the case when
// one picks up, bridges the two and records how it ended. A call between
// extensions becomes an Intercom.
//
// A Flow is walked by a goroutine of its own, which asks the Conversation for all
// that the caller hears and presses: there is one owner.
//
// An agent passes his caller on by feature codes or by the methods of Switch. The
// Conversation owns all three legs then, and two tables rule it: transfers says
// what leads where, stands who hears what there.
package call
