package main

import (
	"fmt"
	"path/filepath"
	"time"

	"shouwen/cases"
	"shouwen/ivr/acd"
)

// faults are all that does not go with the configuration in a directory that passed its
// check.
func (c Config) faults(d cases.Directory) cases.Faults {
	all := d.CheckWith(c.queueNames(), c.numbers())
	if err := c.checkMembers(d); err != nil {
		all = append(all, cases.Fault{Text: err.Error()})
	}
	return all
}

// learnPeople opens the roster, with at least n people in it.
func (s *server) learnPeople(n int) (err error) {
	s.roster, err = openRoster(&roster{
		data: s.cfg.Data, realm: s.cfg.SIP.domain(), least: n, security: s.cfg.Phones.security(), fits: s.cfg.faults, log: s.log,
	})
	return err
}

// checkPeople reports what of the directory does not go with the configuration.
func (s *server) checkPeople() error {
	e := s.roster.now.Load()
	faults := s.cfg.faults(e.Directory)
	if len(faults) == 0 {
		return nil
	}
	return fmt.Errorf("directory, version %d: %w; change the configuration, or the directory with shouwen directory apply", e.Version, faults)
}

// crew are the agents of a directory, and who serves which queue.
func (c Config) crew(d cases.Directory) (agents []acd.Agent, members map[string][]string) {
	for _, p := range d.People {
		agents = append(agents, agent(p))
	}
	members = map[string][]string{}
	for _, q := range c.Queues {
		members[q.Name] = q.queue(d).Members
	}
	return agents, members
}

// reorganise makes all parts go by another version of the directory. Calls that are up
// go on as they are.
func (s *server) reorganise(e edition) {
	known := map[string]bool{}
	for _, a := range s.board.Snapshot().Agents {
		known[a.User] = true
	}
	s.metrics.Declare(s.cfg.installation(e.Directory, s.database.store.Rules.Policy))
	s.board.Reorganise(s.cfg.crew(e.Directory))
	for _, p := range e.Directory.People {
		if !known[p.User] && len(s.ua.Contacts(p.User)) > 0 { // he registered a moment ago
			s.board.Registered(p.User, true)
		}
	}
	s.ua.Forget()
	s.feed.Changed()
	select {
	case <-s.ua.Ready():
		if err := s.readyFacts().save(s.cfg.Data); err != nil {
			s.log.Error("facts for scripts not brought up to date", "file", filepath.Join(s.cfg.Data, readyFile), "err", err)
		}
	default: // they are not there yet
	}
}

// competent is the directory in which telephony looks for who is competent: departments
// that do not take part yet are not.
func (s *server) competent(p cases.Policy) func() cases.Directory {
	return func() cases.Directory { return s.roster.directory().At(time.Now(), p.RollOut, s.zone) }
}
