package cases

import (
	"fmt"
	"time"
)

// Supervision says who looks at how the duty is done, and how often (C29).
type Supervision struct {
	Inspections   []InspectionPolicy `json:"inspections"`
	Rectification *Limit             `json:"rectification"` // time to put right what was found; nil: whoever finds it says
}

// InspectionPolicy is a kind of inspection the policy asks for.
type InspectionPolicy struct {
	By       Inspector `json:"by"`
	Every    Period    `json:"every"`               // regular: no number given
	AllRanks bool      `json:"all_ranks,omitempty"` // of the department take part
	Rules    []string  `json:"rules"`
}

func (s Supervision) asks(by Inspector) (InspectionPolicy, bool) {
	return find(s.Inspections, func(p InspectionPolicy) bool { return p.By == by })
}

// months are how many a period has; 0: there is no number.
var months = map[Period]int{"monthly": 1, "quarterly": 3, "half_yearly": 6, "yearly": 12}

// end returns the last second of the period that t is in; zero: p has no number.
func (p Period) end(t time.Time, zone *time.Location) time.Time {
	n := months[p]
	if n == 0 {
		return time.Time{}
	}
	d := DateOf(t.In(zone))
	next := (int(d.Month)-1)/n*n + n + 1
	return time.Date(d.Year, time.Month(next), 1, 0, 0, 0, 0, zone).Add(-time.Second).UTC()
}

// Inspected is when a kind of inspection of a department was last concluded.
type Inspected struct {
	By         Inspector
	Department string // empty: all of them
	At         time.Time
}

// AskedInspection is one that the policy asks for.
type AskedInspection struct {
	By         Inspector
	Department string // empty: all of them
	Last       time.Time
	Due        time.Time // zero: no number given
	Rules      []string
}

// Late tells whether a should have been concluded before at.
func (a AskedInspection) Late(at time.Time) bool { return !a.Due.IsZero() && at.After(a.Due) }

// Programme returns the inspections s asks for of the departments of d that are inside at
// now, in the order of s: what was held last, and when it is to be held next, in the period
// after that. Before there was any it counts from since.
func (s Supervision) Programme(d Directory, held []Inspected, since, now time.Time, zone *time.Location) (all []AskedInspection) {
	for _, p := range s.Inspections {
		for _, department := range d.inspected(p.By, now, zone) {
			a := AskedInspection{By: p.By, Department: department, Rules: p.Rules}
			for _, h := range held {
				if h.By == p.By && (h.Department == department || h.Department == "") && h.At.After(a.Last) {
					a.Last = h.At
				}
			}
			switch end := p.Every.end(a.Last, zone); {
			case a.Last.IsZero():
				a.Due = p.Every.end(since, zone)
			case !end.IsZero():
				a.Due = p.Every.end(end.Add(time.Second), zone)
			}
			all = append(all, a)
		}
	}
	return all
}

// inspected are the departments of d that are to be inspected so; the empty one: all of
// them at once.
func (d Directory) inspected(by Inspector, now time.Time, zone *time.Location) (names []string) {
	if by == InspectExternal {
		return []string{""}
	}
	for _, t := range d.Departments {
		if t.Inside(now, zone) && !(by == InspectBody && t.Supervises) {
			names = append(names, t.Name)
		}
	}
	if by == InspectMutual && len(names) < 2 { // nobody there to do it
		return nil
	}
	return names
}

// rank is one of the ranks of a department that there is somebody of.
type rank struct {
	Words
	users []string
}

// ranks are those of a department: who leads it, who supervises, and everybody else.
func (d Directory) ranks(department string) (all []rank) {
	leaders, chiefs, staff := rank{Words: Words{"领导", "leaders"}}, rank{Words: Words{"班长", "supervisors"}}, rank{Words: Words{"工作人员", "staff"}}
	for _, p := range d.People {
		of := &staff
		switch {
		case p.Department != department:
			continue
		case p.Has(RoleLeader):
			of = &leaders
		case p.Has(RoleSupervisor):
			of = &chiefs
		}
		of.users = append(of.users, p.User)
	}
	for _, r := range []rank{leaders, chiefs, staff} {
		if len(r.users) > 0 {
			all = append(all, r)
		}
	}
	return all
}

// check reports what is wrong with s.
func (s Supervision) check(c *checker) {
	seen := map[Inspector]bool{}
	for i, p := range s.Inspections {
		path := fmt.Sprintf("supervision.inspections[%d]", i)
		c.settings(one(path+".by", "", "", p.By, inspectors), one(path+".every", "", "", p.Every, periods))
		c.want(!seen[p.By], path+".by", "%s is there twice", p.By)
		c.want(!p.AllRanks || p.By == InspectSelf, path+".all_ranks", "is for self only")
		c.rules(path, p.Rules)
		seen[p.By] = true
	}
}

// explain says what s asks for.
func (s Supervision) explain(lang string) (lines []string) {
	for _, p := range s.Inspections {
		text := Words{"检查：", "inspection: "}.In(lang) + p.By.Words().In(lang)
		if p.Every != "none" {
			text += Words{"，", ", "}.In(lang) + periods.of(p.Every).In(lang)
		}
		if p.AllRanks {
			text += Words{"，各级人员参加", ", all ranks take part"}.In(lang)
		}
		lines = append(lines, text+cite(p.Rules))
	}
	return lines
}
