package cases

import (
	"cmp"
	"slices"
)

// Actor is who moves a case, as the directory knows him.
type Actor struct {
	User       string
	Department string
	Roles      []Role
	Posts      []Party // he holds of those the rules speak of, e.g. leader_in_charge; a leader without any is every kind of leader
}

// Has tells whether the actor has a role.
func (a Actor) Has(r Role) bool {
	return slices.Contains(a.Roles, r) || len(a.Roles) == 0 && r == RoleAgent
}

// Standing is what somebody is to a case.
type Standing string

// The standings.
const (
	AsFirstAsker  Standing = "first_asker"
	AsResponsible Standing = "responsible"
	AsHandler     Standing = "handler"          // works on it, or may for the department that has it
	AsHead        Standing = "department_head"  // leads the department that has it
	AsLeader      Standing = "leader"           // of any department
	AsAgent       Standing = "agent"            // answers callers
	AsSupervisor  Standing = "supervisor"       //
	AsArbiter     Standing = "arbiter"          //
	AsComplaints  Standing = "complaint_centre" //
	AsReplier     Standing = "replier"          // the policy has him answer callers
	AsVisitor     Standing = "visitor"          // the policy has him pay return visits
	AsPool        Standing = "pool"             // may be first-asker of a case that another picked up
)

// Standings returns what a is to c under p; nothing to a case about himself.
func (c Case) Standings(a Actor, p Policy) []Standing {
	if !c.Visible(a) {
		return nil
	}
	handles := c.Department != "" && (a.Department == c.Department || slices.Contains(c.File.joined(), a.Department))
	var all []Standing
	for _, s := range []struct {
		Standing
		is bool
	}{
		{AsFirstAsker, a.User == c.FirstAsker},
		{AsResponsible, a.User == c.Responsible},
		{AsHandler, a.User == c.Handler || handles && a.Has(RoleHandler)},
		{AsHead, handles && a.Has(RoleLeader)},
		{AsLeader, a.Has(RoleLeader)},
		{AsAgent, a.Has(RoleAgent)},
		{AsSupervisor, a.Has(RoleSupervisor)},
		{AsArbiter, a.Has(RoleArbiter)},
		{AsComplaints, a.Has(RoleComplaintCentre)},
		{AsReplier, slices.ContainsFunc(p.Reply.By, func(party Party) bool { return c.isParty(a, party) }) ||
			c.File.Accused != "" && a.Has(RoleComplaintCentre)}, // it must answer the complainant (S23-R2)
		{AsVisitor, c.isParty(a, cmp.Or(p.ReturnVisit.By, PartyFirstAsker))},
		{AsPool, slices.Contains(c.File.Matter.Flags, FlagOffPool) && p.FirstAsker.Admits(Person{Roles: a.Roles, Posts: a.Posts})},
	} {
		if s.is {
			all = append(all, s.Standing)
		}
	}
	return all
}

func (c Case) stands(a Actor, any []Standing, p Policy) bool {
	return slices.ContainsFunc(c.Standings(a, p), func(s Standing) bool { return slices.Contains(any, s) })
}

// Visible tells whether a may see c. Nobody sees a complaint about himself, and others
// see one only if they have to do with it (C27).
func (c Case) Visible(a Actor) bool {
	switch accused := c.File.Accused; {
	case a.User == "" || accused != "" && a.User == accused:
		return false
	case accused == "" || a.User == c.FirstAsker || a.User == c.Handler:
		return true
	}
	if c.File.Accused == AccusedUnnamed {
		return a.SeesUnnamed()
	}
	return a.SeesComplaints()
}

// AccusedUnnamed stands for whom a complaint is about that came over a line for such
// complaints, until somebody says who it is. It is no user.
const AccusedUnnamed = "?"

// SeesUnnamed tells whether a sees complaints with which he has nothing to do before it
// is known whom they are about: it may be anybody.
func (a Actor) SeesUnnamed() bool { return a.Has(RoleComplaintCentre) || a.Has(RoleAuditor) }

// SeesComplaints tells whether a sees complaints about others that he has nothing to
// do with.
func (a Actor) SeesComplaints() bool {
	return slices.ContainsFunc([]Role{RoleComplaintCentre, RoleSupervisor, RoleAuditor, RoleArbiter}, a.Has)
}

// leaders are the parties every leader is who holds no post in particular.
var leaders = []Party{
	PartyOwnLeader, PartyLeaderInCharge, PartyPrincipalLeader, PartyLeaders, PartySectionHead, PartyDirector, PartyDirectors,
}

// isParty tells whether a is what a rule calls party.
func (c Case) isParty(a Actor, party Party) bool {
	if slices.Contains(a.Posts, party) {
		return true
	}
	ofDepartment := c.Department != "" && a.Department == c.Department
	switch party {
	case "":
		return false
	case PartyFirstAsker:
		return a.User == c.FirstAsker
	case PartyResponsible:
		return a.User == c.Responsible
	case PartyHandler:
		return a.User == c.Handler
	case PartyDepartment:
		return a.User == c.Handler || ofDepartment
	case PartyDepartmentHead, PartyManager:
		return ofDepartment && a.Has(RoleLeader)
	case PartySupervisor, PartyManagerOnDuty:
		return a.Has(RoleSupervisor)
	case PartyComplaintCentre:
		return a.Has(RoleComplaintCentre)
	case PartyCoordinator:
		return c.File.Joint != nil && a.User == c.File.Joint.Coordinator
	}
	return slices.Contains(leaders, party) && a.Has(RoleLeader) && len(a.Posts) == 0
}
