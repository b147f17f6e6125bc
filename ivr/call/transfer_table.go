package call

import (
	"time"

	"shouwen/cases"
)

// The states of a call that an agent passes on, beside talking, where he has not
// begun to, and waiting, where a transfer that leaves nobody puts the caller.
const (
	collecting state = "collecting" // the agent dials a feature code
	consulting state = "consulting" // the target rings; the agent wants to speak with it
	passing    state = "passing"    // the target rings; it gets the caller as soon as it picks up
	following  state = "following"  // the same, and the agent has left
	consulted  state = "consulted"  // the agent speaks with the target
	toggled    state = "toggled"    // the agent speaks with the caller, the target waits
	conferring state = "conferring" // caller, agent and target hear each other
	returning  state = "returning"  // the agent hears that the target does not come
	settling   state = "settling"   // a transfer has just connected the caller: a hang-up now is a race, not an end
)

// limits is how long a state may last; others may for ever. The three in which
// the target rings share one.
var limits = map[state]time.Duration{
	reaching:   ringsLongest,
	unreached:  10 * time.Second,
	collecting: 5 * time.Second, // after each key
	consulting: 25 * time.Second,
	passing:    25 * time.Second,
	following:  25 * time.Second,
	settling:   2 * time.Second,
	summoning:  20 * time.Second,
}

// limit is how long state st may last; 0: for ever.
func (s *Switch) limit(st state) time.Duration {
	if stands[st].target == rings && s.TargetRings > 0 {
		return s.TargetRings
	}
	return limits[st]
}

// move is what may bring a transfer on.
type move string

const (
	keyed       move = "keyed"          // the agent pressed the first key of a feature code
	miskeyed    move = "miskeyed"       // what he dialled is no code
	warm        move = "warm"           // the target rings for him
	blind       move = "blind"          // the target rings for the caller
	handOn      move = "hand on"        // another queue gets the caller
	noTarget    move = "no target"      // there is nobody to ring
	toggle      move = "toggle"         // the agent wants to speak with the other
	finish      move = "complete"       // the agent wants to leave
	cancel      move = "cancel"         // the agent wants the caller back
	confer      move = "confer"         // the agent wants all three to speak
	joined      move = "joined"         // the agent's phone brings a target it has called itself
	served      move = "served"         // he has what he asked for, which was no transfer
	targetUp    move = "target up"      // the target picked up
	targetOut   move = "target out"     // it did not, or hung up
	agentHungUp move = "agent hung up"  //
	agentLost   move = "agent lost"     // his phone vanished
	tooLong     move = "limit over"     // see limits
	told        move = "agent was told" // the tone that says why is over
)

// row is what a move leads to.
type row struct {
	to        state
	completed bool // the target is the caller's agent from now on
}

// transfers says what a move leads to in a state; others mean nothing there.
// Nothing leads to a state without a place for the caller.
var transfers = map[state]map[move]row{
	opening: {
		agentLost: {to: waiting},
	},
	talking: {
		keyed:     {to: collecting},
		warm:      {to: consulting},
		blind:     {to: passing},
		handOn:    {to: waiting},
		joined:    {to: settling, completed: true},
		agentLost: {to: waiting},
	},
	settling: {
		keyed:       {to: collecting},
		warm:        {to: consulting},
		blind:       {to: passing},
		handOn:      {to: waiting},
		joined:      {to: settling, completed: true},
		agentHungUp: {to: waiting},
		agentLost:   {to: waiting},
		tooLong:     {to: talking},
	},
	collecting: {
		warm:        {to: consulting},
		blind:       {to: passing},
		handOn:      {to: waiting},
		noTarget:    {to: returning},
		miskeyed:    {to: returning},
		tooLong:     {to: returning},
		cancel:      {to: settling},
		served:      {to: talking},
		agentHungUp: {to: waiting},
		agentLost:   {to: waiting},
	},
	consulting: {
		targetUp:    {to: consulted},
		targetOut:   {to: returning},
		tooLong:     {to: returning},
		cancel:      {to: settling},
		finish:      {to: following},
		agentHungUp: {to: following},
		agentLost:   {to: following},
	},
	passing: {
		targetUp:    {to: settling, completed: true},
		targetOut:   {to: returning},
		tooLong:     {to: returning},
		cancel:      {to: settling},
		finish:      {to: following},
		agentHungUp: {to: following},
		agentLost:   {to: following},
	},
	following: {
		targetUp:  {to: settling, completed: true},
		targetOut: {to: waiting},
		tooLong:   {to: waiting},
	},
	consulted: {
		toggle:      {to: toggled},
		confer:      {to: conferring},
		finish:      {to: settling, completed: true},
		cancel:      {to: settling},
		targetOut:   {to: settling},
		agentHungUp: {to: settling, completed: true},
		agentLost:   {to: settling, completed: true},
	},
	toggled: {
		toggle:      {to: consulted},
		confer:      {to: conferring},
		finish:      {to: settling, completed: true},
		cancel:      {to: talking},
		targetOut:   {to: settling},
		agentHungUp: {to: settling, completed: true},
		agentLost:   {to: settling, completed: true},
	},
	conferring: {
		toggle:      {to: consulted},
		finish:      {to: settling, completed: true},
		cancel:      {to: talking},
		targetOut:   {to: settling},
		agentHungUp: {to: settling, completed: true},
		agentLost:   {to: settling, completed: true},
	},
	returning: {
		told:        {to: settling},
		agentHungUp: {to: waiting},
		agentLost:   {to: waiting},
	},
}

// place is where somebody is in a call.
type place string

const (
	gone       place = "gone"        // has no part in it
	rings      place = "rings"       // his phone does
	quiet      place = "quiet"       // hears nothing
	music      place = "music"       // is on hold
	ringback   place = "ringback"    // hears that a phone rings
	refusal    place = "refusal"     // hears why it does not answer
	withCaller place = "with caller" // they hear each other
	withAgent  place = "with agent"
	withTarget place = "with target"
	withAll    place = "with all"
)

// places is where everybody is in a state.
type places struct{ caller, agent, target place }

var stands = map[state]places{
	talking:    {withAgent, withCaller, gone},
	settling:   {withAgent, withCaller, gone},
	collecting: {music, quiet, gone},
	consulting: {music, ringback, rings},
	passing:    {music, ringback, rings},
	following:  {music, gone, rings},
	consulted:  {music, withTarget, withAgent},
	toggled:    {withAgent, withCaller, music},
	conferring: {withAll, withAll, withAll},
	returning:  {music, refusal, gone},
}

// callerAfter is where a transfer that fails into st leaves the caller.
func callerAfter(st state) cases.CallerWith {
	if st == waiting {
		return cases.CallerInQueue
	}
	return cases.CallerWithAgent
}
