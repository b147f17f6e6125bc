// Package metrics holds every metric of Shouwen in one registry. It is the only
// importer of client_golang; other packages are handed the struct of their area
// and report facts through its methods. Names, units and label sets follow one
// catalogue: prefix shouwen_, base units, closed label sets, every combination
// present from the start.
package metrics

import (
	"net/http"
	"runtime"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics is one process's metrics, by area. All methods of its areas are safe
// from any goroutine.
type Metrics struct {
	Calls      *Calls
	Transfers  *Transfers
	CallsOut   *CallsOut
	Flows      *Flows
	Queue      *Queue
	Agents     *Agents
	SIP        *SIP
	RTP        *RTP
	Journal    *Journal
	Recordings *Recordings
	Deadlines  *Deadlines
	Outbox     *Outbox

	reg    *prometheus.Registry
	panics *prometheus.CounterVec
}

// New returns the metrics of a process of the given version and source revision.
func New(version, revision string) *Metrics {
	reg := prometheus.NewRegistry()
	reg.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	r := registrar{reg}
	r.gaugeVec("shouwen_build_info", "1, with the version of this program as labels.", "version", "revision", "goversion").
		WithLabelValues(version, revision, runtime.Version()).Set(1)
	return &Metrics{
		Calls:      newCalls(r),
		Transfers:  newTransfers(r),
		CallsOut:   newCallsOut(r),
		Flows:      newFlows(r),
		Queue:      newQueue(r),
		Agents:     newAgents(r),
		SIP:        newSIP(r),
		RTP:        newRTP(r),
		Journal:    newJournal(r),
		Recordings: newRecordings(r),
		Deadlines:  newDeadlines(r),
		Outbox:     newOutbox(r),
		reg:        reg,
		panics:     r.counterVec("shouwen_panics_total", "Panics caught; each cost one transaction, leg or job.", "where"),
	}
}

// Panic counts a recovered panic; where is a constant naming the boundary.
func (m *Metrics) Panic(where string) { m.panics.WithLabelValues(where).Inc() }

// Handler serves the registry in the Prometheus text format.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.reg, promhttp.HandlerOpts{EnableOpenMetrics: true, Registry: m.reg})
}

// registrar creates and registers metrics; a name taken twice is a programming
// error and panics at start.
type registrar struct{ reg *prometheus.Registry }

func (r registrar) counter(name, help string) prometheus.Counter {
	c := prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	r.reg.MustRegister(c)
	return c
}

func (r registrar) counterVec(name, help string, labels ...string) *prometheus.CounterVec {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	r.reg.MustRegister(c)
	return c
}

func (r registrar) gaugeVec(name, help string, labels ...string) *prometheus.GaugeVec {
	g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels)
	r.reg.MustRegister(g)
	return g
}

// gaugeFunc registers a figure that is read from its owner at scrape.
func (r registrar) gaugeFunc(name, help string, read func() float64) {
	r.reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, read))
}

func (r registrar) histogram(name, help string, buckets ...float64) prometheus.Histogram {
	h := prometheus.NewHistogram(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets})
	r.reg.MustRegister(h)
	return h
}

func (r registrar) histogramVec(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	h := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels)
	r.reg.MustRegister(h)
	return h
}

// sampled is a gauge vector whose values are read from their owner at scrape.
type sampled struct {
	desc *prometheus.Desc
	read func(emit func(value float64, labels ...string))
}

func (r registrar) sampled(name, help string, labels []string, read func(emit func(value float64, labels ...string))) {
	r.reg.MustRegister(sampled{prometheus.NewDesc(name, help, labels, nil), read})
}

// Describe implements prometheus.Collector.
func (s sampled) Describe(ch chan<- *prometheus.Desc) { ch <- s.desc }

// Collect implements prometheus.Collector.
func (s sampled) Collect(ch chan<- prometheus.Metric) {
	s.read(func(v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(s.desc, prometheus.GaugeValue, v, labels...)
	})
}

func code(status int) string {
	if knownCodes[status] {
		return strconv.Itoa(status)
	}
	return "other"
}
