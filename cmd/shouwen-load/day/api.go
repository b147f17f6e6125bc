package day

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/google/uuid"
)

// api is a running Shouwen's, as a program of the organisation uses it. Its methods
// may be called from any goroutine.
type api struct {
	base, token string
	client      http.Client
}

// patience bounds how long a request is repeated which the server cannot answer yet.
const patience = 30 * time.Second

// refusal is a request that was refused (RFC 9457).
type refusal struct {
	Type   string `json:"type"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
}

func (p *refusal) Error() string { return fmt.Sprintf("%d: %s", p.Status, p.Detail) }

// caseBody is the part of a case that is needed here.
type caseBody struct {
	Number      string     `json:"number"`
	State       string     `json:"state"`
	Opened      time.Time  `json:"opened"`
	FirstAsker  string     `json:"first_asker"`
	Responsible string     `json:"responsible"`
	Handler     string     `json:"handler"`
	Department  string     `json:"department"`
	CallbackDue *time.Time `json:"callback_due"`
	Call        struct {
		ID     string `json:"id"`
		Missed string `json:"missed"`
		Agent  string `json:"agent"`
		Caller struct {
			E164 string `json:"e164"`
		} `json:"caller"`
	} `json:"call"`
	Callback *struct {
		Attempts  int  `json:"attempts"`
		Exhausted bool `json:"exhausted"`
	} `json:"callback"`
	File struct {
		Matter struct {
			Class    string `json:"class"`
			Category string `json:"category"`
		} `json:"matter"`
		Into string `json:"into"`
	} `json:"file"`
	Clocks []clockBody `json:"clocks"`
	Events []eventBody `json:"events"`
}

// over tells whether nothing is owed any more.
func (c caseBody) over() bool {
	return slices.Contains([]string{"closed", "refused", "withdrawn", "merged"}, c.State)
}

// clockBody is one of a case.
type clockBody struct {
	Kind    string     `json:"kind"`
	State   string     `json:"state"`
	Due     *time.Time `json:"due"`
	Stopped *time.Time `json:"stopped"`
	Late    float64    `json:"late_seconds"`
}

// eventBody is a line of a case's ledger.
type eventBody struct {
	Seq   int             `json:"seq"`
	Kind  string          `json:"kind"`
	State string          `json:"state"` // of the case after it
	At    time.Time       `json:"at"`
	By    string          `json:"by"`
	Fact  string          `json:"fact"` // empty: it is of a move
	Body  json.RawMessage `json:"body"`
}

// directoryBody is who is who.
type directoryBody struct {
	Departments []departmentBody `json:"departments"`
	Categories  []Category       `json:"categories"`
	People      []personBody     `json:"people"`
}

// departmentBody is one of the organisation's.
type departmentBody struct {
	Name      string `json:"name"`
	Title     string `json:"title"`
	Extension string `json:"extension"`
}

// personBody is somebody with a phone.
type personBody struct {
	User       string   `json:"user"`
	Department string   `json:"department"`
	Roles      []string `json:"roles"`
}

// with returns the users of a department who have a role; of all without one.
func (d directoryBody) with(role, department string) (users []string) {
	for _, p := range d.People {
		if slices.Contains(p.Roles, role) && (department == "" || p.Department == department) {
			users = append(users, p.User)
		}
	}
	return users
}

// title returns what a department is called.
func (d directoryBody) title(department string) string {
	for _, one := range d.Departments {
		if one.Name == department {
			return cmp.Or(one.Title, department)
		}
	}
	return department
}

func (d directoryBody) extension(department string) string {
	for _, one := range d.Departments {
		if one.Name == department {
			return one.Extension
		}
	}
	return ""
}

// do asks once. A file is read into a *[]byte, whatever else from JSON. The error is a
// *refusal when the server refused.
func (a *api) do(ctx context.Context, method, path string, header http.Header, body, into any) error {
	var content io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		content = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, a.base+path, content)
	if err != nil {
		return err
	}
	for name, values := range header {
		req.Header[name] = values
	}
	req.Header.Set("Authorization", "Bearer "+a.token)
	req.Header.Set("Content-Type", "application/json")
	res, err := a.client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	switch {
	case err != nil:
		return fmt.Errorf("%s %s: %w", method, path, err)
	case res.StatusCode >= 300:
		p := &refusal{Status: res.StatusCode, Detail: string(answer)}
		_ = json.Unmarshal(answer, p) // a proxy's answer stays as it is
		return fmt.Errorf("%s %s: %w", method, path, p)
	case into == nil:
		return nil
	}
	if file, ok := into.(*[]byte); ok {
		*file = answer
		return nil
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	return nil
}

// later tells whether the same request may succeed in a moment: the database is away,
// or what telephony saw, or that a message arrived, is not on record yet.
func later(err error) bool {
	p, refused := errors.AsType[*refusal](err)
	return !refused || p.Status == http.StatusNotFound || p.Status >= http.StatusInternalServerError || p.Type == "/problems/evidence"
}

// ask asks until there is an answer, for patience at most.
func (a *api) ask(ctx context.Context, method, path string, header http.Header, body, into any) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for wait := 20 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		err := a.do(ctx, method, path, header, body, into)
		if err == nil || !later(err) || !sleep(ctx, wait) {
			return err
		}
	}
}

// move has user make a move of a kind in a case, once, and returns the case after it.
func (a *api) move(ctx context.Context, user, number, kind string, fields any) (c caseBody, err error) {
	err = a.ask(ctx, http.MethodPost, "/cases/"+number+"/moves/"+kind,
		http.Header{"By": {user}, "Idempotency-Key": {uuid.NewString()}}, fields, &c)
	return c, err
}

// delivered says that a message has reached the caller of a case.
func (a *api) delivered(ctx context.Context, number, id, to string) error {
	return a.ask(ctx, http.MethodPost, "/cases/"+number+"/messages", nil, map[string]string{"id": id, "to": to}, nil)
}

// read returns a case.
func (a *api) read(ctx context.Context, number string) (c caseBody, err error) {
	err = a.ask(ctx, http.MethodGet, "/cases/"+number, nil, nil, &c)
	return c, err
}

// cases returns the cases of a caller, newest first; of everybody without one. They
// lack what only read tells.
func (a *api) cases(ctx context.Context, caller string) (all []caseBody, err error) {
	query := url.Values{"limit": {"500"}}
	if caller != "" {
		query.Set("caller", caller)
	}
	for {
		var page struct {
			Cases []caseBody `json:"cases"`
			Next  string     `json:"next"`
		}
		if err := a.ask(ctx, http.MethodGet, "/cases?"+query.Encode(), nil, nil, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Cases...)
		if page.Next == "" {
			return all, nil
		}
		query.Set("cursor", page.Next)
	}
}

// directory returns who is who.
func (a *api) directory(ctx context.Context) (d directoryBody, err error) {
	err = a.ask(ctx, http.MethodGet, "/directory", nil, nil, &d)
	return d, err
}

// ready returns the agents of a department who could take a call now.
func (a *api) ready(ctx context.Context, department string) (users []string, err error) {
	var all struct {
		Agents []struct {
			User       string `json:"user"`
			Department string `json:"department"`
			State      string `json:"state"`
		} `json:"agents"`
	}
	err = a.ask(ctx, http.MethodGet, "/agents", nil, nil, &all)
	for _, one := range all.Agents {
		if one.State == "ready" && one.Department == department {
			users = append(users, one.User)
		}
	}
	return users, err
}

// pause gives an agent no calls, for a reason, until makeReady.
func (a *api) pause(ctx context.Context, user, reason string) error {
	return a.ask(ctx, http.MethodPost, "/agents/"+user+"/pause", nil, map[string]string{"reason": reason}, nil)
}

// makeReady ends the pause of an agent.
func (a *api) makeReady(ctx context.Context, user string) error {
	return a.ask(ctx, http.MethodPost, "/agents/"+user+"/ready", nil, nil, nil)
}

// callBack has an agent's phone rung, and then the caller of a case called. It is
// asked once: whether the phone rang is what counts.
func (a *api) callBack(ctx context.Context, number, agent string) error {
	return a.do(ctx, http.MethodPost, "/callbacks/"+number+"/call", nil, map[string]string{"agent": agent}, nil)
}

// sleep returns false when ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
