package metrics

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// What of agents the database alone knows; the other states are those of the board.
const AgentHold AgentState = "hold" // the caller hears music

// State is the figures that are true of the whole installation, because the database
// has them: every node tells the same.
type State struct {
	holds atomic.Bool
}

func newState(r registrar) *State {
	s := &State{}
	r.gaugeFunc("shouwen_snapshot_holder", "1 on the node that computes the figures of the installation.", func() float64 {
		return number(s.holds.Load())
	})
	return s
}

func number(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

// Holds notes whether this node computes the figures. It is safe from any goroutine.
func (s *State) Holds(is bool) { s.holds.Store(is) }

// StateFigure is one figure of a snapshot.
type StateFigure struct {
	Name   string
	Labels map[string]string
	Value  float64
}

// StateSnapshot is the figures as they were at one moment.
type StateSnapshot struct {
	Taken   time.Time
	Took    time.Duration
	Age     time.Duration // by the clock that says when it was taken
	Figures []StateFigure
}

const (
	// fresh is how old a snapshot may be: no figure is better than an old one.
	fresh = time.Minute

	stateTimeout = 5 * time.Second // of reading it
)

// StateHandler serves the last snapshot in the Prometheus text format, as read reads it,
// or, if it cannot be read or is older than a minute, shouwen_state_up 0 and nothing else.
func StateHandler(read func(context.Context) (StateSnapshot, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), stateTimeout)
		defer cancel()
		sn, err := read(ctx)
		reg := prometheus.NewRegistry()
		reg.MustRegister(stateCollector{sn, err == nil && sn.Age <= fresh})
		promhttp.HandlerFor(reg, promhttp.HandlerOpts{}).ServeHTTP(w, r)
	})
}

// stateCollector is a snapshot as the registry wants it. It describes nothing, since
// what there is the snapshot says.
type stateCollector struct {
	StateSnapshot
	up bool
}

// Describe implements prometheus.Collector.
func (stateCollector) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector. Figures that are not in the catalogue, or not
// as it has them, are those of another version of this program, and left out.
func (c stateCollector) Collect(ch chan<- prometheus.Metric) {
	emit := func(name string, v float64, labels map[string]string) {
		m, known := stateMetrics[name]
		if !known || len(labels) != len(m.Labels) {
			return
		}
		values := make([]string, len(m.Labels))
		for i, label := range m.Labels {
			if values[i], known = labels[label]; !known {
				return
			}
		}
		ch <- prometheus.MustNewConstMetric(m.desc, m.kind(), v, values...)
	}
	emit("shouwen_state_up", number(c.up), nil)
	if !c.up {
		return
	}
	emit("shouwen_state_snapshot_timestamp_seconds", float64(c.Taken.UnixMicro())/1e6, nil)
	emit("shouwen_state_snapshot_duration_seconds", c.Took.Seconds(), nil)
	for _, f := range c.Figures {
		emit(f.Name, f.Value, f.Labels)
	}
}
