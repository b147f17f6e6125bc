// Package metrics holds every metric of Shouwen in one registry. It is the only
// importer of client_golang; other packages are handed the struct of their area
// and report facts through its methods. Names, units and label sets follow one
// catalogue: prefix shouwen_, base units, labels of the table in labels.go, every
// combination that can occur present from the start.
package metrics

import (
	"maps"
	"net/http"
	"regexp"
	"runtime"
	"slices"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics is one process's metrics, by area. All methods of its areas are safe
// from any goroutine, but for those that declare or read: these are called once,
// before anything is counted.
type Metrics struct {
	Calls      *Calls
	Transfers  *Transfers
	CallsOut   *CallsOut
	Flows      *Flows
	Queue      *Queue
	Agents     *Agents
	SIP        *SIP
	RTP        *RTP
	Prompts    *Prompts
	Journal    *Journal
	Recordings *Recordings
	Deadlines  *Deadlines
	Outbox     *Outbox
	Database   *Database
	Jobs       *Jobs
	HTTP       *HTTP
	State      *State

	reg    *prometheus.Registry
	r      registrar
	panics counters
}

// New returns the metrics of a process of the given version and source revision.
func New(version, revision string) *Metrics {
	reg := prometheus.NewRegistry()
	live := collectors.GoRuntimeMetricsRule{Matcher: regexp.MustCompile("^/gc/heap/live:bytes$")} // what calls leave behind shows here alone
	reg.MustRegister(collectors.NewGoCollector(collectors.WithGoCollectorRuntimeMetrics(live)), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "shouwen_build_info", Help: "1, with the version of this program as labels.",
		ConstLabels: prometheus.Labels{"version": version, "revision": revision, "goversion": runtime.Version()},
	}, func() float64 { return 1 }))
	r := newRegistrar(reg)
	return &Metrics{
		Calls:      newCalls(r),
		Transfers:  newTransfers(r),
		CallsOut:   newCallsOut(r),
		Flows:      newFlows(r),
		Queue:      newQueue(r),
		Agents:     newAgents(r),
		SIP:        newSIP(r),
		RTP:        newRTP(r),
		Prompts:    newPrompts(r),
		Journal:    newJournal(r),
		Recordings: newRecordings(r),
		Deadlines:  newDeadlines(r),
		Outbox:     newOutbox(r),
		Database:   newDatabase(r),
		Jobs:       newJobs(r),
		HTTP:       newHTTP(r),
		State:      newState(r),
		reg:        reg,
		r:          r,
		panics:     r.counters("shouwen_panics_total", "Panics caught; each cost one transaction, leg or job.", panicPlace),
	}
}

// Installation is what an organisation has configured, by code: the values of labels.
type Installation struct {
	Queues, Departments, Trunks, Menus, Clocks []string

	Hotlines map[string]string // the queue in which the callers of each wait

	Agents  []string // users of those whose own figures are wanted; nil: of nobody
	Queries []string // names of what the database is asked

	Decisions []string // why calls to the outside may be made or not
}

// Declare makes the figures of an installation exist. What it does not name counts as
// other from then on. It may be called again, while others count, by one at a time.
func (m *Metrics) Declare(in Installation) {
	m.r.tell(hotlineLabel, slices.Collect(maps.Keys(in.Hotlines)))
	m.Queue.of.Store(&in.Hotlines)
	m.r.tell(queueLabel, in.Queues)
	m.r.tell(departmentLabel, in.Departments)
	m.r.tell(trunkLabel, in.Trunks)
	m.r.tell(menuLabel, in.Menus)
	m.r.tell(clockLabel, in.Clocks)
	m.r.tell(agentLabel, in.Agents)
	m.r.tell(queryLabel, in.Queries)
	m.r.tell(decisionReason, in.Decisions)
}

// Panic counts a recovered panic; where is a constant naming the boundary.
func (m *Metrics) Panic(where string) { m.panics.of(where).Inc() }

// Handler serves the registry in the Prometheus text format or, to who asks for it,
// as OpenMetrics, which has exemplars.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.reg, promhttp.HandlerOpts{EnableOpenMetrics: true, Registry: m.reg})
}
