package cases

import (
	"slices"
	"time"
)

// Directory is who is who in the organisation: whose extension is whose, and which
// department decides on what. It is a value; nobody changes it once checked.
type Directory struct {
	Departments []Department `yaml:"departments" json:"departments"`
	Categories  []Category   `yaml:"categories,omitempty" json:"categories"`
	Posts       []Post       `yaml:"posts,omitempty" json:"posts,omitempty"` // what their holders have to do, and may decide
	People      []Person     `yaml:"people" json:"people"`
}

// Department is a part of the organisation that cases are handed to.
type Department struct {
	Name      string `yaml:"name" json:"name"` // unique; cases and metrics have it
	Title     string `yaml:"title,omitempty" json:"title,omitempty"`
	Extension string `yaml:"extension,omitempty" json:"extension,omitempty"` // that reaches whoever is there; empty: none
	Hours     string `yaml:"hours,omitempty" json:"hours,omitempty"`         // name of its opening hours; empty: always open
	Queue     string `yaml:"queue,omitempty" json:"queue,omitempty"`         // whose agents answer the extension; empty: the department's people

	// What others have to know of it while a caller waits (S10-R5).
	Duties   string   `yaml:"duties,omitempty" json:"duties,omitempty"`     // what it is there for
	Workflow []string `yaml:"workflow,omitempty" json:"workflow,omitempty"` // how it works, step by step
	Contact  string   `yaml:"contact,omitempty" json:"contact,omitempty"`   // where it is found besides its extension: address, number outside

	Supervises bool   `yaml:"supervises,omitempty" json:"supervises,omitempty"` // it is there to supervise the others (S03-R6)
	From       string `yaml:"from,omitempty" json:"from,omitempty"`             // YYYY-MM-DD, first day it takes part (S35-R1); later: not known yet; empty: it does
	Substitute string `yaml:"substitute,omitempty" json:"substitute,omitempty"` // department that has its cases until then
}

// Category is a subject of callers, and who is competent for it.
type Category struct {
	Name       string `yaml:"name" json:"name"` // unique
	Title      string `yaml:"title,omitempty" json:"title,omitempty"`
	Department string `yaml:"department" json:"department"`

	Words  []string              `yaml:"words,flow,omitempty" json:"words,omitempty"` // that callers use for it
	Answer string                `yaml:"answer,omitempty" json:"answer,omitempty"`    // to be read to the caller (S30-R22)
	Notice map[NoticeItem]string `yaml:"notice,omitempty" json:"notice,omitempty"`    // what the one-time notice says; materials are the policy's
}

// Person is somebody with a phone.
type Person struct {
	User       string  `yaml:"user" json:"user"` // account of the phone; unique
	Name       string  `yaml:"name,omitempty" json:"name,omitempty"`
	Extension  string  `yaml:"extension" json:"extension"`
	Department string  `yaml:"department,omitempty" json:"department,omitempty"`
	Roles      []Role  `yaml:"roles,flow,omitempty" json:"roles,omitempty"` // empty: an agent
	Rank       int     `yaml:"rank" json:"rank"`                            // higher is more senior; decides ties (S34-R3)
	Posts      []Party `yaml:"posts,flow,omitempty" json:"posts,omitempty"` // he holds of those the rules speak of; see Actor
	Email      string  `yaml:"email,omitempty" json:"email,omitempty"`      // empty: no mail is sent
	Mobile     string  `yaml:"mobile,omitempty" json:"mobile,omitempty"`    // number outside at which he is rung in an emergency; empty: none

	RingTime time.Duration  `yaml:"ring_time,omitempty" json:"ring_time,omitempty"` // of his phone; 0: the queue's
	Penalty  int            `yaml:"penalty,omitempty" json:"penalty,omitempty"`     // 0: rung at once; n: a stand-in, after n times overflow_after
	Post     string         `yaml:"post,omitempty" json:"post,omitempty"`           // the duty he holds; its stand-ins are rung at once while its primaries are away (S08-R3)
	Weight   int            `yaml:"weight,omitempty" json:"weight,omitempty"`       // share of calls with the strategy weighted_random; 0: 1
	Skills   map[string]int `yaml:"skills,flow,omitempty" json:"skills,omitempty"`  // with levels, from 1

	RequireTLS bool   `yaml:"require_tls,omitempty" json:"require_tls,omitempty"` // of his phone, whatever all may do
	SRTP       string `yaml:"srtp,omitempty" json:"srtp,omitempty"`               // off, offer or require; empty: as all phones
}

// Role is what somebody may do.
type Role string

// The roles.
const (
	RoleAgent           Role = "agent"            // answers callers
	RoleHandler         Role = "handler"          // works on cases of his department
	RoleLeader          Role = "leader"           // of a department
	RoleSupervisor      Role = "supervisor"       // of agents: sees their calls, listens in, sets their states
	RoleArbiter         Role = "arbiter"          // decides whose a case is that two departments returned
	RoleAuditor         Role = "auditor"          // reads everything, changes nothing
	RoleAdministrator   Role = "administrator"    // of the system
	RoleComplaintCentre Role = "complaint_centre" // takes over what callers complain of
)

var roles = []Role{RoleAgent, RoleHandler, RoleLeader, RoleSupervisor, RoleArbiter, RoleAuditor, RoleAdministrator, RoleComplaintCentre}

// Has tells whether the person has a role.
func (p Person) Has(r Role) bool {
	return slices.Contains(p.Roles, r) || len(p.Roles) == 0 && r == RoleAgent
}

// Target is whom an extension reaches: exactly one is set.
type Target struct {
	Person     *Person
	Department *Department
}

// Lookup returns whom an extension reaches, if anybody.
func (d Directory) Lookup(extension string) (Target, bool) {
	if extension == "" {
		return Target{}, false
	}
	if p, ok := find(d.People, func(p Person) bool { return p.Extension == extension }); ok {
		return Target{Person: &p}, true
	}
	if t, ok := find(d.Departments, func(t Department) bool { return t.Extension == extension }); ok {
		return Target{Department: &t}, true
	}
	return Target{}, false
}

// Person returns the person whose account user is.
func (d Directory) Person(user string) (Person, bool) {
	return find(d.People, func(p Person) bool { return p.User == user })
}

// Actor returns who user is to cases.
func (d Directory) Actor(user string) (Actor, bool) {
	p, ok := d.Person(user)
	return p.Actor(), ok
}

// Department returns the department of that name.
func (d Directory) Department(name string) (Department, bool) {
	return find(d.Departments, func(t Department) bool { return t.Name == name })
}

// ByCategory returns the department competent for a category.
func (d Directory) ByCategory(category string) (Department, bool) {
	c, ok := find(d.Categories, func(c Category) bool { return c.Name == category })
	if !ok {
		return Department{}, false
	}
	return d.Department(c.Department)
}

func find[T any](all []T, is func(T) bool) (T, bool) {
	if i := slices.IndexFunc(all, is); i >= 0 {
		return all[i], true
	}
	var none T
	return none, false
}
