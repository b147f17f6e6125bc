package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"shouwen/cases"
	"shouwen/cases/console"
	"shouwen/ivr/acd"
	"shouwen/metrics"
)

// agentDuties is how the console changes what agents do.
type agentDuties struct {
	board     *acd.Board
	directory func() cases.Directory
	reasons   []string
}

func (a agentDuties) known(user string) error {
	if _, ok := a.directory().Person(user); !ok {
		return &console.Refusal{Status: http.StatusNotFound, Reason: cases.Words{ZH: "没有这名坐席", EN: "there is no such agent"}}
	}
	return nil
}

// Ready implements console.Duties.
func (a agentDuties) Ready(user string) error {
	if err := a.known(user); err != nil {
		return err
	}
	a.board.Ready(user)
	return nil
}

// Pause implements console.Duties.
func (a agentDuties) Pause(user, reason string) error {
	if err := a.known(user); err != nil {
		return err
	}
	if !slices.Contains(a.reasons, reason) {
		return &console.Refusal{
			Status: http.StatusUnprocessableEntity,
			Reason: cases.Words{ZH: "没有这个示忙原因", EN: fmt.Sprintf("no such reason, want one of %s (agents.pause_reasons)", strings.Join(a.reasons, ", "))},
		}
	}
	a.board.Pause(user, reason)
	return nil
}

// ExtendWrapUp implements console.Duties.
func (a agentDuties) ExtendWrapUp(user string, d time.Duration) error {
	if err := a.known(user); err != nil {
		return err
	}
	if !a.board.ExtendWrapUp(user, d) {
		return &console.Refusal{Status: http.StatusConflict, Reason: cases.Words{ZH: "该坐席没有在话后处理", EN: "the agent has no wrap-up"}}
	}
	return nil
}

// onPaused tells of an agent whom the board paused because his phone is not
// answered: supervisors on their phones, and in the console.
func (s *server) onPaused(user, reason string) {
	d := s.roster.directory()
	p, _ := d.Person(user)
	told := supervisors(d, p.Department)
	s.metrics.Agents.Paused(p.Department)
	s.log.Warn("agent paused until somebody makes him ready", "agent", user, "reason", reason, "supervisors", told)
	text := fmt.Sprintf("Agent %s (%s) does not answer and is paused", user, p.Extension)
	if s.cfg.Language == "zh-CN" {
		text = fmt.Sprintf("坐席 %s(%s)未接听,已暂停", user, p.Extension)
	}
	for _, supervisor := range told {
		s.calls.Tell(supervisor, text)
	}
}

// supervisors are the users who supervise a department: those in it, or if there is
// none all of them.
func supervisors(d cases.Directory, department string) (users []string) {
	var all []string
	for _, p := range d.People {
		if !p.Has(cases.RoleSupervisor) {
			continue
		}
		all = append(all, p.User)
		if p.Department == department {
			users = append(users, p.User)
		}
	}
	if users == nil {
		return all
	}
	return users
}

// agentStates are the states of the board as dashboards name them.
var agentStates = map[acd.State]metrics.AgentState{
	acd.Ready: metrics.AgentAvailable, acd.Ringing: metrics.AgentRinging, acd.Talking: metrics.AgentTalking,
	acd.WrapUp: metrics.AgentWrapUp, acd.Paused: metrics.AgentBreak, acd.Away: metrics.AgentAway,
}

// agentsHere is what agents do as this node sees them; of those in a call of another
// node that one knows better.
func (s *server) agentsHere() map[string]string {
	held := map[string]bool{}
	for _, l := range s.calls.Live() {
		held[l.ID] = l.State == metrics.Held
	}
	does := map[string]string{}
	for _, a := range s.board.Snapshot().Agents {
		switch {
		case a.Elsewhere:
		case a.State == acd.Talking && held[a.Call]:
			does[a.User] = string(metrics.AgentHold)
		default:
			does[a.User] = string(agentStates[a.State])
		}
	}
	return does
}
