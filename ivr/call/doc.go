// Package call conducts calls: it joins legs, queues, prompts and cases. A
// Switch takes every new leg; a caller of a hotline becomes a Conversation,
// which answers, waits with him in the queue, rings agents, opens the case when
// one picks up, bridges the two and records how it ended. A call between
// extensions becomes an Intercom, and so does what colleagues still say to each
// other when the caller they spoke about has hung up.
//
// Every call to the outside is placed by Outbound, which asks the policy, ends what
// there is no money for and remembers what it counted over restarts.
//
// A Flow is walked by a goroutine of its own, which asks the Conversation for all
// that the caller hears and presses: there is one owner.
//
// An agent passes his caller on by feature codes or by the methods of Switch. The
// Conversation owns all three legs then, and two tables rule it: transfers says
// what leads where, stands who hears what there.
package call
