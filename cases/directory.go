package cases

import (
	"errors"
	"fmt"
	"maps"
	"net/mail"
	"slices"
	"strings"
	"time"
)

// Directory is who is who in the organisation: whose extension is whose, and which
// department decides on what. It is a value; nobody changes it once checked.
type Directory struct {
	Departments []Department `yaml:"departments"`
	Categories  []Category   `yaml:"categories"`
	People      []Person     `yaml:"people"`
}

// Department is a part of the organisation that cases are handed to.
type Department struct {
	Name      string `yaml:"name"` // unique; cases and metrics have it
	Title     string `yaml:"title,omitempty"`
	Extension string `yaml:"extension,omitempty"` // that reaches whoever is there; empty: none
	Hours     string `yaml:"hours,omitempty"`     // name of its opening hours; empty: always open
	Queue     string `yaml:"queue,omitempty"`     // whose agents answer the extension; empty: the department's people
}

// Category is a subject of callers, and who is competent for it.
type Category struct {
	Name       string `yaml:"name"` // unique
	Title      string `yaml:"title,omitempty"`
	Department string `yaml:"department"`
}

// Person is somebody with a phone.
type Person struct {
	User       string  `yaml:"user"` // account of the phone; unique
	Name       string  `yaml:"name,omitempty"`
	Extension  string  `yaml:"extension"`
	Department string  `yaml:"department,omitempty"`
	Roles      []Role  `yaml:"roles,flow,omitempty"` // empty: an agent
	Rank       int     `yaml:"rank"`                 // higher is more senior; decides ties (S34-R3)
	Posts      []Party `yaml:"posts,flow,omitempty"` // he holds of those the rules speak of; see Actor
	Email      string  `yaml:"email,omitempty"`      // empty: no mail is sent

	RingTime time.Duration  `yaml:"ring_time,omitempty"`   // of his phone; 0: the queue's
	Penalty  int            `yaml:"penalty,omitempty"`     // 0: rung at once; n: a stand-in, after n times overflow_after
	Post     string         `yaml:"post,omitempty"`        // the duty he holds; its stand-ins are rung at once while its primaries are away (S08-R3)
	Weight   int            `yaml:"weight,omitempty"`      // share of calls with the strategy weighted_random; 0: 1
	Skills   map[string]int `yaml:"skills,flow,omitempty"` // with levels, from 1
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
	for _, p := range d.People {
		if p.Extension == extension {
			return Target{Person: &p}, true
		}
	}
	for _, t := range d.Departments {
		if t.Extension == extension {
			return Target{Department: &t}, true
		}
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

// Bounds of what a directory may say of a person.
const (
	maxPenalty  = 10
	maxWeight   = 1000
	maxRingTime = 5 * time.Minute
)

// Check reports the first entry that cannot work, with the remedy.
func (d Directory) Check() error {
	for i := range d.Departments {
		if err := d.checkDepartment(i); err != nil {
			return fmt.Errorf("department %d: %w", i+1, err)
		}
	}
	for i := range d.Categories {
		if err := d.checkCategory(i); err != nil {
			return fmt.Errorf("category %d: %w", i+1, err)
		}
	}
	for i := range d.People {
		if err := d.checkPerson(i); err != nil {
			return fmt.Errorf("person %d: %w", i+1, err)
		}
	}
	return nil
}

// CheckWith reports the first entry that does not go with what is configured
// elsewhere: the names of the queues there are, and what else can be dialled, with
// what it is, e.g. "12345" → "a hotline". The directory has passed Check.
func (d Directory) CheckWith(queues []string, numbers map[string]string) error {
	for _, t := range d.Departments {
		if t.Queue != "" && !slices.Contains(queues, t.Queue) {
			return fmt.Errorf("department %s has queue %q, which does not exist; name one of %s", t.Name, t.Queue, strings.Join(queues, ", "))
		}
		if what, ok := numbers[t.Extension]; ok {
			return fmt.Errorf("extension %s of department %s is %s; give the department another", t.Extension, t.Name, what)
		}
	}
	for _, p := range d.People {
		if what, ok := numbers[p.Extension]; ok {
			return fmt.Errorf("extension %s of %s is %s; give the person another", p.Extension, p.User, what)
		}
	}
	return nil
}

func (d Directory) checkDepartment(i int) error {
	t := d.Departments[i]
	switch {
	case t.Name == "":
		return errors.New("has no name")
	case strings.ContainsAny(t.Name+t.Extension, notInAddresses):
		return fmt.Errorf("%q cannot stand in a SIP address; want letters and digits", t.Name)
	case slices.ContainsFunc(d.Departments[:i], func(o Department) bool { return o.Name == t.Name }):
		return fmt.Errorf("%s is there twice; give one of them another name", t.Name)
	case t.Extension != "" && slices.ContainsFunc(d.Departments[:i], func(o Department) bool { return o.Extension == t.Extension }):
		return fmt.Errorf("extension %s is there twice; give one of the departments another", t.Extension)
	}
	return nil
}

func (d Directory) checkCategory(i int) error {
	c := d.Categories[i]
	switch {
	case c.Name == "":
		return errors.New("has no name")
	case slices.ContainsFunc(d.Categories[:i], func(o Category) bool { return o.Name == c.Name }):
		return fmt.Errorf("%s is there twice; give one of them another name", c.Name)
	}
	if _, ok := d.Department(c.Department); !ok {
		return fmt.Errorf("%s has department %q, which does not exist; add it under departments", c.Name, c.Department)
	}
	return nil
}

// posts are the parties somebody may hold whatever the case. Who is first-asker,
// handler or caller, each case says for itself.
var posts = slices.DeleteFunc(parties.names(), func(p Party) bool {
	return slices.Contains([]Party{
		PartyFirstAsker, PartyResponsible, PartyHandler, PartyDepartment, PartyCoordinator, PartyComplainant, PartyAccused, PartyPersons,
	}, p)
})

// notInAddresses are characters that would end a SIP user part.
const notInAddresses = " @:;,<>\"\r\n\t"

func (d Directory) checkPerson(i int) error {
	p := d.People[i]
	if p.User == "" || p.Extension == "" {
		return errors.New("user and extension are needed")
	}
	if strings.ContainsAny(p.User+p.Extension, notInAddresses) {
		return fmt.Errorf("%q cannot stand in a SIP address; want letters and digits", p.User)
	}
	if slices.ContainsFunc(d.People[:i], func(o Person) bool { return o.User == p.User || o.Extension == p.Extension }) {
		return fmt.Errorf("user %s or extension %s is there twice; give one of them another", p.User, p.Extension)
	}
	if slices.ContainsFunc(d.Departments, func(t Department) bool { return t.Extension == p.Extension }) {
		return fmt.Errorf("extension %s of %s is a department's; give one of them another", p.Extension, p.User)
	}
	if _, ok := d.Department(p.Department); p.Department != "" && !ok {
		return fmt.Errorf("%s is in department %q, which does not exist; add it under departments", p.User, p.Department)
	}
	for _, r := range p.Roles {
		if !slices.Contains(roles, r) {
			return fmt.Errorf("%s has role %q, want some of %s", p.User, r, listed(roles))
		}
	}
	for _, post := range p.Posts {
		if !slices.Contains(posts, post) {
			return fmt.Errorf("%s has post %q, want some of %s", p.User, post, listed(posts))
		}
	}
	if a, err := mail.ParseAddress(p.Email); p.Email != "" && (err != nil || a.Address != p.Email) {
		return fmt.Errorf("email of %s is %q, want an address like clerk@example.com", p.User, p.Email)
	}
	return d.checkDuty(p)
}

func listed[T ~string](all []T) string {
	words := make([]string, len(all))
	for i, r := range all {
		words[i] = string(r)
	}
	return strings.Join(words, ", ")
}

// checkDuty checks what decides when the agent is rung.
func (d Directory) checkDuty(p Person) error {
	if p.RingTime < 0 || p.RingTime > maxRingTime || p.RingTime > 0 && p.RingTime < time.Second {
		return fmt.Errorf("ring_time of %s is %s, want 1s to %s", p.User, p.RingTime, maxRingTime)
	}
	if p.Penalty < 0 || p.Penalty > maxPenalty {
		return fmt.Errorf("penalty of %s is %d, want 0 to %d", p.User, p.Penalty, maxPenalty)
	}
	if p.Weight < 0 || p.Weight > maxWeight {
		return fmt.Errorf("weight of %s is %d, want 0 to %d", p.User, p.Weight, maxWeight)
	}
	for _, skill := range slices.Sorted(maps.Keys(p.Skills)) {
		if p.Skills[skill] < 1 {
			return fmt.Errorf("skill %s of %s has level %d, want 1 or more", skill, p.User, p.Skills[skill])
		}
	}
	if p.Post != "" && !slices.ContainsFunc(d.People, func(o Person) bool { return o.Post == p.Post && o.Penalty == 0 }) {
		return fmt.Errorf("post %s of %s has no primary; give one of its people penalty 0", p.Post, p.User)
	}
	return nil
}
