package ivr

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// HTTP asks an outside system, whose answer is JSON, and branches on it. A caller
// who hangs up or presses the emergency key ends the request.
type HTTP struct {
	Play  []Item            `yaml:"play"`  // before
	Get   string            `yaml:"get"`   // URL; the variables sent are added to its query
	Post  string            `yaml:"post"`  // URL; the variables sent are a JSON object
	Send  map[string]string `yaml:"send"`  // name there → variable
	Limit time.Duration     `yaml:"limit"` // 100ms–10s, by default 3s, for the whole answer
	Take  map[string]string `yaml:"take"`  // variable → path in the answer, such as customers.0.level
	By    string            `yaml:"by"`    // variable to branch on
	Cases map[string]string `yaml:"cases"` // its value → node
	Next  string            `yaml:"next"`  // node for any other answer
	Fail  string            `yaml:"fail"`  // node after no good answer in time
}

const (
	maxAnswer = 64 << 10 // octets of an answer
	maxValue  = 256      // octets of a value taken from it
	maxTyped  = 32       // keys kept from a caller who types while nobody asks
)

func (h *HTTP) fillIn() {
	if h.Limit == 0 {
		h.Limit = 3 * time.Second
	}
}

func (h *HTTP) says() []Item { return h.Play }

func (h *HTTP) ways() (all []way) {
	for _, value := range slices.Sorted(maps.Keys(h.Cases)) {
		all = append(all, way{on: "is " + value, to: h.Cases[value]})
	}
	return append(all, way{on: "next", to: h.Next}, way{on: "fail", to: h.Fail})
}

func (h *HTTP) check(c *checker) {
	c.want((h.Get == "") != (h.Post == ""), "want one of get and post")
	u, err := url.Parse(h.Get + h.Post)
	c.want(err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.User == nil,
		"%q is not a URL of http or https without user and password", h.Get+h.Post)
	c.want(h.Limit >= 100*time.Millisecond && h.Limit <= 10*time.Second, "limit is %s, want 100ms to 10s", h.Limit)
	for _, name := range slices.Sorted(maps.Keys(h.Send)) {
		c.known("variable", h.Send[name], c.variables)
	}
	_, taken := h.Take[h.By]
	c.want(h.By == "" || taken, "by is %q, which take does not take", h.By)
	c.want((h.By == "") == (len(h.Cases) == 0), "by and cases need each other")
}

func (h *HTTP) walk(ctx context.Context, v *visit) (string, error) {
	if err := v.play(ctx, h.Play); err != nil {
		return "", err
	}
	asking, stop := context.WithTimeout(ctx, h.Limit)
	defer stop()
	req, err := h.request(asking, v)
	if err != nil {
		return "", err
	}
	var answer any
	var failed error
	answered := make(chan struct{})
	listening, hear := context.WithCancel(ctx)
	go func() {
		defer close(answered)
		defer hear()
		answer, failed = fetch(v.HTTP, req)
	}()
	err = v.listen(listening)
	stop()
	<-answered
	switch {
	case err != nil:
		return "", err
	case ctx.Err() != nil:
		return "", ctx.Err()
	case failed != nil:
		v.note = failed.Error()
		return "fail", nil
	}
	return h.take(answer, v), nil
}

// listen keeps what the caller types until ctx ends.
func (v *visit) listen(ctx context.Context) error {
	for ctx.Err() == nil {
		switch key, err := v.caller.Digit(ctx); {
		case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		case err != nil:
			return err
		case v.emergency(key):
			return errEmergency
		case len(v.typed) < maxTyped:
			v.typed = append(v.typed, key)
		}
	}
	return nil
}

func (h *HTTP) request(ctx context.Context, v *visit) (*http.Request, error) {
	sent := make(map[string]string, len(h.Send))
	for name, variable := range h.Send {
		sent[name] = v.value(variable)
	}
	if h.Post != "" {
		body, err := json.Marshal(sent)
		if err != nil {
			return nil, err
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.Post, bytes.NewReader(body))
		if err == nil {
			req.Header.Set("Content-Type", "application/json")
		}
		return req, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, h.Get, nil)
	if err != nil {
		return nil, err
	}
	query := req.URL.Query()
	for name, value := range sent {
		query.Set(name, value)
	}
	req.URL.RawQuery = query.Encode()
	return req, nil
}

// fetch returns the JSON a request is answered with. Its errors have no URL, which
// may have the caller's number in it.
func fetch(do func(*http.Request) (*http.Response, error), req *http.Request) (answer any, err error) {
	res, err := do(req)
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err
	}
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode/100 != 2 {
		return nil, fmt.Errorf("answer has status %d", res.StatusCode)
	}
	d := json.NewDecoder(io.LimitReader(res.Body, maxAnswer))
	d.UseNumber()
	if err := d.Decode(&answer); err != nil {
		return nil, fmt.Errorf("answer is no JSON of at most %d KiB: %w", maxAnswer>>10, err)
	}
	return answer, nil
}

// take fills the variables from an answer and returns the way to go.
func (h *HTTP) take(answer any, v *visit) (on string) {
	for variable, path := range h.Take {
		v.exit.Values[variable] = find(answer, path)
	}
	value := v.exit.Values[h.By]
	if _, ok := h.Cases[value]; ok {
		return "is " + value
	}
	return "next"
}

// find returns the text, number or truth value at a path, empty if there is none.
func find(in any, path string) string {
	for key := range strings.SplitSeq(path, ".") {
		switch at := in.(type) {
		case map[string]any:
			in = at[key]
		case []any:
			i, err := strconv.Atoi(key)
			if err != nil || i < 0 || i >= len(at) {
				return ""
			}
			in = at[i]
		default:
			return ""
		}
	}
	switch found := in.(type) {
	case string:
		if len(found) <= maxValue {
			return found
		}
	case json.Number:
		if len(found) <= maxValue {
			return found.String()
		}
	case bool:
		return strconv.FormatBool(found)
	}
	return ""
}
