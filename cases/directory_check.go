package cases

import (
	"fmt"
	"maps"
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
)

// Fault is an entry of a directory that cannot work.
type Fault struct {
	Path string // as in YAML and JSON, e.g. people[2].extension, counted from 0
	Text string // what is wrong, and the remedy
}

// Faults are all that is wrong with a directory; an error if there is any.
type Faults []Fault

func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, x := range f {
		lines[i] = strings.TrimPrefix(x.Path+": "+x.Text, ": ")
	}
	return strings.Join(lines, "\n")
}

// Bounds of what a directory may say of a person.
const (
	maxPenalty  = 10
	maxWeight   = 1000
	maxRingTime = 5 * time.Minute
)

// notInAddresses are characters that would end a SIP user part.
const notInAddresses = " @:;,<>\"\r\n\t"

// posts are the parties somebody may hold whatever the case. Who is first-asker,
// handler or caller, each case says for itself.
var posts = slices.DeleteFunc(parties.names(), func(p Party) bool {
	return slices.Contains([]Party{
		PartyFirstAsker, PartyResponsible, PartyHandler, PartyDepartment, PartyCoordinator, PartyComplainant, PartyAccused, PartyPersons,
	}, p)
})

// checking gathers what is wrong with a directory.
type checking struct {
	Directory
	faults Faults
	at     string // of the entry looked at
	taken  map[string]string
}

// wrong notes what is wrong with a field of the entry, unless ok.
func (c *checking) wrong(ok bool, field, format string, args ...any) {
	if !ok {
		c.faults = append(c.faults, Fault{strings.TrimSuffix(c.at+"."+field, "."), fmt.Sprintf(format, args...)})
	}
}

// once notes that a value is there twice: as what, of which every one has another.
func (c *checking) once(what, value, field string) {
	if value == "" {
		return
	}
	first, twice := c.taken[what+" "+value]
	c.wrong(!twice, field, "%s %s is there twice, at %s, too; give one of them another", what, value, first)
	if !twice {
		c.taken[what+" "+value] = c.at
	}
}

// Check returns all that cannot work, in the order of the directory; nil: nothing.
func (d Directory) Check() Faults {
	c := &checking{Directory: d, taken: map[string]string{}}
	for i, t := range d.Departments {
		c.at = fmt.Sprintf("departments[%d]", i)
		c.wrong(t.Name != "", "name", "is missing")
		c.wrong(!strings.ContainsAny(t.Name, notInAddresses), "name", "%q cannot stand in a SIP address; want letters and digits", t.Name)
		c.wrong(!strings.ContainsAny(t.Extension, notInAddresses), "extension", "%q cannot stand in a SIP address; want letters and digits", t.Extension)
		c.rollOut(t)
		c.once("department", t.Name, "name")
		c.once("extension", t.Extension, "extension")
	}
	for i, k := range d.Categories {
		c.at = fmt.Sprintf("categories[%d]", i)
		c.wrong(k.Name != "", "name", "is missing")
		c.once("category", k.Name, "name")
		_, known := d.Department(k.Department)
		c.wrong(known, "department", "there is no department %q; add it under departments", k.Department)
		for _, item := range slices.Sorted(maps.Keys(k.Notice)) {
			_, known := noticeItems[item]
			c.wrong(known && item != ofCase, "notice", "there is no item %q of a notice; want some of %s", item, joined(noticeItems.names()))
			c.wrong(item != ofPolicy, "notice", "the materials are listed by the profile; write them under one_time_notice.lists there")
		}
	}
	for i, p := range d.Posts {
		c.at = fmt.Sprintf("posts[%d]", i)
		c.wrong(p.Name != "", "name", "is missing")
		c.once("post", p.Name, "name")
	}
	for i, p := range d.People {
		c.at = fmt.Sprintf("people[%d]", i)
		c.person(p)
		c.duty(p)
	}
	visible(c, "departments", d.Departments)
	visible(c, "categories", d.Categories)
	visible(c, "posts", d.Posts)
	visible(c, "people", d.People)
	return c.faults
}

// rollOut checks from when on a department takes part.
func (c *checking) rollOut(t Department) {
	_, err := ParseDate(t.From)
	c.wrong(t.From == "" || t.From == Later || err == nil, "from", "is %q, want a date like 2026-10-01, or later", t.From)
	other, known := c.Department(t.Substitute)
	c.wrong(t.Substitute == "" || known, "substitute", "there is no department %q; add it under departments", t.Substitute)
	c.wrong(t.Substitute == "" || t.From != "", "substitute", "is for a department that does not take part yet; say from when it does")
	c.wrong(!known || other.From == "", "substitute", "%s does not take part yet itself; name one that does", t.Substitute)
}

// visible refuses texts with characters that nobody sees.
func visible[T any](c *checking, list string, entries []T) {
	for i, x := range entries {
		c.at = fmt.Sprintf("%s[%d]", list, i)
		fields := fieldsOf(x)
		for _, field := range slices.Sorted(maps.Keys(fields)) {
			c.wrong(!strings.ContainsFunc(fields[field], unicode.IsControl), field, "%q has a control character; leave it out", fields[field])
		}
	}
}

func (c *checking) person(p Person) {
	c.wrong(p.User != "", "user", "is missing")
	c.wrong(p.Extension != "", "extension", "is missing")
	c.wrong(!strings.ContainsAny(p.User, notInAddresses), "user", "%q cannot stand in a SIP address; want letters and digits", p.User)
	c.wrong(!strings.ContainsAny(p.Extension, notInAddresses), "extension", "%q cannot stand in a SIP address; want letters and digits", p.Extension)
	c.once("user", p.User, "user")
	c.once("extension", p.Extension, "extension")
	_, known := c.Department(p.Department)
	c.wrong(known || p.Department == "", "department", "there is no department %q; add it under departments", p.Department)
	for _, r := range p.Roles {
		c.wrong(slices.Contains(roles, r), "roles", "there is no role %q; want some of %s", r, joined(roles))
	}
	for _, post := range p.Posts {
		c.wrong(slices.Contains(posts, post), "posts", "there is no post %q; want some of %s", post, joined(posts))
	}
	c.wrong(p.Mobile == "" || mobile.MatchString(p.Mobile), "mobile", "%q is no number; want one like +8613900000001", p.Mobile)
	a, err := mail.ParseAddress(p.Email)
	c.wrong(p.Email == "" || err == nil && a.Address == p.Email, "email", "%q is no address; want one like clerk@example.com", p.Email)
	c.wrong(slices.Contains([]string{"", "off", "offer", "require"}, p.SRTP), "srtp", "is %q, want off, offer or require", p.SRTP)
}

// duty checks what decides when the agent is rung.
func (c *checking) duty(p Person) {
	c.wrong(p.RingTime == 0 || p.RingTime >= time.Second && p.RingTime <= maxRingTime, "ring_time", "is %s, want 1s to %s", p.RingTime, maxRingTime)
	c.wrong(p.Penalty >= 0 && p.Penalty <= maxPenalty, "penalty", "is %d, want 0 to %d", p.Penalty, maxPenalty)
	c.wrong(p.Weight >= 0 && p.Weight <= maxWeight, "weight", "is %d, want 0 to %d", p.Weight, maxWeight)
	for _, skill := range slices.Sorted(maps.Keys(p.Skills)) {
		c.wrong(p.Skills[skill] >= 1, "skills", "%s has level %d, want 1 or more", skill, p.Skills[skill])
	}
	primary := slices.ContainsFunc(c.People, func(o Person) bool { return o.Post == p.Post && o.Penalty == 0 })
	c.wrong(p.Post == "" || primary, "post", "%s has no primary; give one of its people penalty 0", p.Post)
}

// CheckWith returns all that does not go with what is configured elsewhere: the names
// of the queues there are, and what else can be dialled, with what it is, e.g.
// "12345" → "a hotline".
func (d Directory) CheckWith(queues []string, numbers map[string]string) Faults {
	c := &checking{Directory: d}
	for i, t := range d.Departments {
		c.at = fmt.Sprintf("departments[%d]", i)
		c.wrong(t.Queue == "" || slices.Contains(queues, t.Queue), "queue", "there is no queue %q; name one of %s", t.Queue, strings.Join(queues, ", "))
		what, taken := numbers[t.Extension]
		c.wrong(!taken, "extension", "%s of department %s is %s; give it another", t.Extension, t.Name, what)
	}
	for i, p := range d.People {
		c.at = fmt.Sprintf("people[%d]", i)
		what, taken := numbers[p.Extension]
		c.wrong(!taken, "extension", "%s of %s is %s; give him another", p.Extension, p.User, what)
	}
	return c.faults
}

var mobile = regexp.MustCompile(`^\+[1-9][0-9]{5,14}$`)
