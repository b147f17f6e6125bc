package metrics

import (
	"slices"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

// catalogue is all families of a process and what was told of their labels.
type catalogue struct {
	reg      *prometheus.Registry
	families []*family
	told     map[*label]map[string]bool
}

// registrar makes and registers metrics; a name taken twice is a programming error
// and panics at the start.
type registrar struct {
	*catalogue
	can func(values []string) bool // whether a combination of values can occur; nil: all can
}

func newRegistrar(reg *prometheus.Registry) registrar {
	return registrar{catalogue: &catalogue{reg: reg, told: map[*label]map[string]bool{}}}
}

// only is r for families of which not every combination of values can occur.
func (r registrar) only(can func(values []string) bool) registrar {
	r.can = can
	return r
}

// tell says which values a label has that is told.
func (c *catalogue) tell(l *label, values []string) {
	known := set(values)
	c.told[l] = known
	for _, f := range c.families {
		if i := slices.Index(f.labels, l); i >= 0 {
			f.known[i].Store(&known)
			f.fill()
		}
	}
}

func (r registrar) family(labels []*label, create func(...string)) *family {
	f := &family{labels: labels, known: make([]atomic.Pointer[map[string]bool], len(labels)), can: r.can, create: create}
	for i, l := range labels {
		known := r.told[l]
		if l.values != nil {
			known = set(l.values)
		}
		if known != nil {
			f.known[i].Store(&known)
		}
	}
	f.fill()
	r.families = append(r.families, f)
	return f
}

// counters is a family of counters.
type counters struct {
	*family
	vec *prometheus.CounterVec
}

func (r registrar) counters(name, help string, labels ...*label) counters {
	vec := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, names(labels))
	r.reg.MustRegister(vec)
	return counters{r.family(labels, func(values ...string) { vec.WithLabelValues(values...) }), vec}
}

func (c counters) of(values ...string) prometheus.Counter {
	return c.vec.WithLabelValues(c.bound(values)...)
}

func (r registrar) counter(name, help string) prometheus.Counter {
	return r.counters(name, help).of()
}

// gauges is a family of gauges that are set.
type gauges struct {
	*family
	vec *prometheus.GaugeVec
}

func (r registrar) gauges(name, help string, labels ...*label) gauges {
	vec := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, names(labels))
	r.reg.MustRegister(vec)
	return gauges{r.family(labels, func(values ...string) { vec.WithLabelValues(values...) }), vec}
}

func (g gauges) of(values ...string) prometheus.Gauge {
	return g.vec.WithLabelValues(g.bound(values)...)
}

// histograms is a family of histograms.
type histograms struct {
	*family
	vec *prometheus.HistogramVec
}

func (r registrar) histograms(name, help string, buckets []float64, labels ...*label) histograms {
	vec := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, names(labels))
	r.reg.MustRegister(vec)
	return histograms{r.family(labels, func(values ...string) { vec.WithLabelValues(values...) }), vec}
}

func (h histograms) of(values ...string) prometheus.Observer {
	return h.vec.WithLabelValues(h.bound(values)...)
}

// observe observes v, with the call it is of as an exemplar; empty: of none.
func (h histograms) observe(v float64, call string, values ...string) {
	if o := h.of(values...); call == "" {
		o.Observe(v)
	} else {
		o.(prometheus.ExemplarObserver).ObserveWithExemplar(v, prometheus.Labels{"call_id": call})
	}
}

// gaugeFunc registers a figure that is read from its owner at scrape.
func (r registrar) gaugeFunc(name, help string, read func() float64) {
	r.reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, read))
}

// sampled are gauges that their owner is asked for at every scrape, all at once, so
// that they fit together.
type sampled struct {
	descs []*prometheus.Desc
	bound []*family
	read  func(emit func(i int, value float64, labels ...string))
}

// gauge names gauges that are sampled.
type gauge struct {
	name, help string
	labels     []*label
}

// sampled registers gauges. read emits the values of the i-th; what it does not emit
// is not there.
func (r registrar) sampled(all []gauge, read func(emit func(i int, value float64, labels ...string))) {
	s := sampled{read: read}
	for _, g := range all {
		s.descs = append(s.descs, prometheus.NewDesc(g.name, g.help, names(g.labels), nil))
		s.bound = append(s.bound, r.family(g.labels, func(...string) {}))
	}
	r.reg.MustRegister(s)
}

// Describe implements prometheus.Collector.
func (s sampled) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range s.descs {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (s sampled) Collect(ch chan<- prometheus.Metric) {
	s.read(func(i int, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(s.descs[i], prometheus.GaugeValue, v, s.bound[i].bound(labels)...)
	})
}
