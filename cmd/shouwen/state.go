package main

import (
	"context"
	"time"

	"shouwen/cases"
	"shouwen/cases/poll"
	"shouwen/cases/store"
	"shouwen/metrics"
)

// wireFigures makes the part that computes what is true of the whole installation.
func (s *server) wireFigures(rules cases.Policy) {
	var topics []string
	for _, p := range s.pumps {
		topics = append(topics, p.Kind)
	}
	scope := func() store.Scope {
		return store.Scope{Policy: rules, Directory: s.roster.directory(), Topics: topics}
	}
	s.figures = &store.Snapshotter{Store: s.database.store, Scope: scope, Log: s.log, Holds: func(is bool) {
		s.metrics.State.Holds(is)
		s.log.Info("figures of the installation", "computed_here", is)
	}}
}

// readFigures is the last snapshot, whichever node has taken it; without its figures if it
// is the one taken at had.
func (s *server) readFigures(ctx context.Context, had time.Time) (metrics.StateSnapshot, error) {
	sn, err := s.database.store.Snapshot(ctx, had)
	if err != nil {
		return metrics.StateSnapshot{}, err
	}
	figures := make([]metrics.StateFigures, len(sn.Figures))
	for i, f := range sn.Figures {
		figures[i] = metrics.StateFigures(f)
	}
	return metrics.StateSnapshot{Taken: sn.Taken, Took: sn.Took, Age: sn.Age, Figures: figures}, nil
}

// sayAgents tells the database what agents do here, until ctx ends.
func (s *server) sayAgents(ctx context.Context) error {
	return poll.Loop{What: "states of agents for the figures", Every: time.Second, Log: s.log, Do: func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, dutiesTimeout)
		defer cancel()
		return s.database.store.SaveAgentStates(ctx, s.cfg.Node, s.agentsHere())
	}}.Run(ctx)
}
