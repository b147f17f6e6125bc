package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"shouwen/cases"
	"shouwen/cases/poll"
)

const stationsEvery = 5 * time.Second // between two looks at who is on post

// watchStations keeps an eye on whether somebody is on post wherever somebody has to be,
// and tells the supervisors of who is not, until ctx ends.
func (s *server) watchStations(ctx context.Context) error {
	allowed := s.database.store.Rules.Policy.Coverage.Empty
	if allowed == nil {
		<-ctx.Done()
		return context.Cause(ctx)
	}
	return poll.Loop{What: "watch over posts", Every: min(stationsEvery, allowed.Plain()), Log: s.log, Do: func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, dutiesTimeout)
		defer cancel()
		now := time.Now()
		long, err := s.database.store.WatchStations(ctx, now, s.stations(s.roster.directory(), now), allowed.Plain())
		for _, g := range long {
			s.onGap(g)
		}
		if len(long) > 0 {
			s.feed.CasesChanged()
		}
		return err
	}}.Run(ctx)
}

// stations are those that are to be manned at t: the posts and queues in the hours of the
// organisation's calendar, departments in their own if they have any.
func (s *server) stations(d cases.Directory, t time.Time) (all []cases.Station) {
	calendar := s.database.store.Rules.Calendar
	add := func(of cases.StationKind, name string, users []string) {
		if name != "" && len(users) > 0 {
			all = append(all, cases.Station{Of: of, Name: name, Users: users})
		}
	}
	usersOf := func(in func(cases.Person) bool) (users []string) {
		for _, p := range d.People {
			if in(p) {
				users = append(users, p.User)
			}
		}
		return users
	}
	if calendar.IsOpen(t) {
		var posts []string
		for _, p := range d.People {
			if !slices.Contains(posts, p.Post) {
				posts = append(posts, p.Post)
				add(cases.StationPost, p.Post, usersOf(func(o cases.Person) bool { return o.Post == p.Post }))
			}
		}
		_, members := s.cfg.crew(d)
		for _, q := range s.cfg.Queues {
			add(cases.StationQueue, q.Name, members[q.Name])
		}
	}
	for _, dep := range d.Departments {
		hours, own := s.hours[dep.Hours]
		if own && hours.IsOpen(t) || !own && calendar.IsOpen(t) {
			add(cases.StationDepartment, dep.Name, usersOf(func(p cases.Person) bool { return p.Department == dep.Name }))
		}
	}
	return all
}

// onGap tells the supervisors that nobody is on post: on their phones, and in the
// console.
func (s *server) onGap(g cases.Gap) {
	d, department := s.roster.directory(), ""
	if g.Of == cases.StationDepartment {
		department = g.Name
	}
	told := supervisors(d, department)
	s.log.Warn("nobody is on post", "kind", g.Of, "name", g.Name, "since", g.From, "supervisors", told)
	since := g.From.In(s.zone).Format("15:04:05")
	text := fmt.Sprintf("Nobody is on post at %s %s since %s", g.Of.Words().EN, g.Name, since)
	if s.cfg.Language == "zh-CN" {
		text = fmt.Sprintf("%s %s 自 %s 起无人在岗", g.Of.Words().ZH, g.Name, since)
	}
	for _, supervisor := range told {
		s.calls.Tell(supervisor, text)
	}
}
