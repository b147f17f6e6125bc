package day

import (
	"bytes"
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

// API is a running Shouwen's, as a program of the organisation uses it. Its methods
// may be called from any goroutine.
type API struct {
	Base, Token string
	client      http.Client
}

// patience bounds how long a request is repeated which the server cannot answer yet.
const patience = 30 * time.Second

// Problem is a request that was refused (RFC 9457).
type Problem struct {
	Type   string `json:"type"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
}

func (p *Problem) Error() string { return fmt.Sprintf("%d: %s", p.Status, p.Detail) }

// Case is the part of a case that is needed here.
type Case struct {
	Number      string     `json:"number"`
	State       string     `json:"state"`
	Opened      time.Time  `json:"opened"`
	FirstAsker  string     `json:"first_asker"`
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
			Category string `json:"category"`
		} `json:"matter"`
		Into   string `json:"into"`
		Handed []any  `json:"handed"`
	} `json:"file"`
	Clocks []Clock `json:"clocks"`
	Events []Event `json:"events"`
}

// Clock is one of a case.
type Clock struct {
	Kind    string     `json:"kind"`
	State   string     `json:"state"`
	Due     *time.Time `json:"due"`
	Stopped *time.Time `json:"stopped"`
	Late    float64    `json:"late_seconds"`
}

// Event is a line of a case's ledger.
type Event struct {
	Seq  int             `json:"seq"`
	Kind string          `json:"kind"`
	At   time.Time       `json:"at"`
	By   string          `json:"by"`
	Fact string          `json:"fact"` // empty: it is of a move
	Body json.RawMessage `json:"body"`
}

// Directory is who is who.
type Directory struct {
	Departments []struct {
		Name      string `json:"name"`
		Extension string `json:"extension"`
	} `json:"departments"`
	Categories []Category `json:"categories"`
	People     []Person   `json:"people"`
}

// Person is somebody with a phone.
type Person struct {
	User       string   `json:"user"`
	Department string   `json:"department"`
	Roles      []string `json:"roles"`
}

// with returns the users of a department who have a role; of all without one.
func (d Directory) with(role, department string) (users []string) {
	for _, p := range d.People {
		if slices.Contains(p.Roles, role) && (department == "" || p.Department == department) {
			users = append(users, p.User)
		}
	}
	return users
}

func (d Directory) extension(department string) string {
	for _, one := range d.Departments {
		if one.Name == department {
			return one.Extension
		}
	}
	return ""
}

// do asks once. The error is a *Problem when the server refused.
func (a *API) do(ctx context.Context, method, path string, header http.Header, body, into any) error {
	var content io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		content = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, a.Base+path, content)
	if err != nil {
		return err
	}
	for name, values := range header {
		req.Header[name] = values
	}
	req.Header.Set("Authorization", "Bearer "+a.Token)
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
		p := &Problem{Status: res.StatusCode, Detail: string(answer)}
		_ = json.Unmarshal(answer, p) // a proxy's answer stays as it is
		return fmt.Errorf("%s %s: %w", method, path, p)
	case into == nil:
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
	p, refused := errors.AsType[*Problem](err)
	return !refused || p.Status == http.StatusNotFound || p.Status >= http.StatusInternalServerError || p.Type == "/problems/evidence"
}

// ask asks until there is an answer, for patience at most.
func (a *API) ask(ctx context.Context, method, path string, header http.Header, body, into any) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for wait := 20 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		err := a.do(ctx, method, path, header, body, into)
		if err == nil || !later(err) || !sleep(ctx, wait) {
			return err
		}
	}
}

// Move has user make a move of a kind in a case, once, and returns the case after it.
func (a *API) Move(ctx context.Context, user, number, kind string, fields any) (c Case, err error) {
	err = a.ask(ctx, http.MethodPost, "/cases/"+number+"/moves/"+kind,
		http.Header{"By": {user}, "Idempotency-Key": {uuid.NewString()}}, fields, &c)
	return c, err
}

// Delivered says that a message has reached the caller of a case.
func (a *API) Delivered(ctx context.Context, number, id, to string) error {
	return a.ask(ctx, http.MethodPost, "/cases/"+number+"/messages", nil, map[string]string{"id": id, "to": to}, nil)
}

// Case returns a case.
func (a *API) Case(ctx context.Context, number string) (c Case, err error) {
	err = a.ask(ctx, http.MethodGet, "/cases/"+number, nil, nil, &c)
	return c, err
}

// Cases returns the cases of a caller, newest first; of everybody without one. They
// lack what only Case tells.
func (a *API) Cases(ctx context.Context, caller string) (all []Case, err error) {
	query := url.Values{"limit": {"500"}}
	if caller != "" {
		query.Set("caller", caller)
	}
	for {
		var page struct {
			Cases []Case `json:"cases"`
			Next  string `json:"next"`
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

// Directory returns who is who.
func (a *API) Directory(ctx context.Context) (d Directory, err error) {
	err = a.ask(ctx, http.MethodGet, "/directory", nil, nil, &d)
	return d, err
}

// Ready returns the agents of a department who could take a call now.
func (a *API) Ready(ctx context.Context, department string) (users []string, err error) {
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

// Pause gives an agent no calls, for a reason, until MakeReady.
func (a *API) Pause(ctx context.Context, user, reason string) error {
	return a.ask(ctx, http.MethodPost, "/agents/"+user+"/pause", nil, map[string]string{"reason": reason}, nil)
}

// MakeReady ends the pause of an agent.
func (a *API) MakeReady(ctx context.Context, user string) error {
	return a.ask(ctx, http.MethodPost, "/agents/"+user+"/ready", nil, nil, nil)
}

// CallBack has an agent's phone rung, and then the caller of a case called. It is
// asked once: whether the phone rang is what counts.
func (a *API) CallBack(ctx context.Context, number, agent string) error {
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
