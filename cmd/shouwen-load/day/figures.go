package day

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// sample is one figure of a server.
type sample struct {
	name   string
	labels map[string]string
	value  float64
}

// source is where the figures of the server are: the metrics of one of its nodes, or a
// Prometheus that scrapes them all.
type source struct {
	url        string
	prometheus bool
}

// read returns all figures named shouwen_.
func (s source) read(ctx context.Context) ([]sample, error) {
	at := s.url
	if s.prometheus {
		at = strings.TrimSuffix(at, "/") + "/api/v1/query?" + url.Values{"query": {`{__name__=~"shouwen_.+"}`}}.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return nil, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", s.url, res.Status)
	}
	if s.prometheus {
		return readAnswer(res.Body)
	}
	all, err := readExposition(res.Body)
	for i := range all {
		all[i].labels["instance"] = req.URL.Host
	}
	return all, err
}

// readAnswer reads Prometheus's answer to an instant query.
func readAnswer(r io.Reader) (all []sample, err error) {
	var answer struct {
		Data struct {
			Result []struct {
				Metric map[string]string `json:"metric"`
				Value  [2]any            `json:"value"`
			} `json:"result"`
		} `json:"data"`
	}
	if err := json.NewDecoder(r).Decode(&answer); err != nil {
		return nil, fmt.Errorf("answer of Prometheus: %w", err)
	}
	for _, one := range answer.Data.Result {
		value, err := strconv.ParseFloat(fmt.Sprint(one.Value[1]), 64)
		if err != nil {
			return nil, fmt.Errorf("answer of Prometheus: %w", err)
		}
		all = append(all, sample{one.Metric["__name__"], one.Metric, value})
	}
	return all, nil
}

var (
	series = regexp.MustCompile(`^(shouwen_\w+)(?:\{(.*)\})? (\S+)`)
	label  = regexp.MustCompile(`(\w+)="((?:[^"\\]|\\.)*)"`)
)

// readExposition reads the text format of Prometheus.
func readExposition(r io.Reader) (all []sample, err error) {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		m := series.FindStringSubmatch(lines.Text())
		if m == nil {
			continue // a comment, or another's
		}
		s := sample{name: m[1], labels: map[string]string{}}
		if s.value, err = strconv.ParseFloat(m[3], 64); err != nil {
			return nil, fmt.Errorf("%s: %w", lines.Text(), err)
		}
		for _, l := range label.FindAllStringSubmatch(m[2], -1) {
			s.labels[l[1]] = l[2] // no value of ours has anything to be escaped
		}
		all = append(all, s)
	}
	return all, lines.Err()
}

// sum returns the figures of families, each of them summed over what it does not have
// as a label. What the database says is the same from every node, and counts once.
func sum(all []sample, families []family) Counts {
	once := map[string]sample{}
	for i, s := range all {
		key := strconv.Itoa(i)
		if ofDatabase(s.name) {
			key = identity(s)
		}
		if was, ok := once[key]; !ok || s.value > was.value {
			once[key] = s
		}
	}
	sums := map[string]float64{}
	for _, s := range once {
		for _, f := range families {
			if f.Name == s.name && (f.Only == "" || s.labels[f.Labels[0]] == f.Only) {
				values := make([]string, len(f.Labels))
				for i, l := range f.Labels {
					values[i] = s.labels[l]
				}
				sums[f.of(values...)] += s.value
			}
		}
	}
	counts := Counts{}
	for name, v := range sums {
		counts[name] = int(math.Round(v))
	}
	return counts
}

// taken is the moment of the figures of the database, now if there are none.
func taken(all []sample) time.Time {
	var latest float64
	for _, s := range all {
		if s.name == "shouwen_state_snapshot_timestamp_seconds" {
			latest = max(latest, s.value)
		}
	}
	if latest == 0 {
		return time.Now()
	}
	return time.UnixMicro(int64(math.Round(latest * 1e6)))
}

// identity is a figure without the node that tells it.
func identity(s sample) string {
	var b strings.Builder
	b.WriteString(s.name)
	for _, name := range sortedKeys(s.labels) {
		if name != "instance" && name != "job" {
			fmt.Fprintf(&b, ",%s=%q", name, s.labels[name])
		}
	}
	return b.String()
}

func sortedKeys(m map[string]string) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
