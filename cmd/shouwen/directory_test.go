package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"shouwen/cases"
	"shouwen/cases/store"
	"shouwen/cases/store/storetest"
	"shouwen/sip/siptest"
)

// said runs a command in this process and returns what it prints.
func said(t *testing.T, run func() error) (string, error) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	printing.Lock()
	defer printing.Unlock()
	was := os.Stdout
	os.Stdout = w
	read := make(chan string)
	go func() {
		b, _ := io.ReadAll(r)
		read <- string(b)
	}()
	err = run()
	os.Stdout = was
	_ = w.Close()
	return <-read, err
}

// agentNamed finds an agent among the facts for scripts, as they are now.
func (b *bed) agentNamed(user string) (ReadyAgent, bool) {
	b.t.Helper()
	text, err := os.ReadFile(filepath.Join(b.DataDir, readyFile))
	if err != nil {
		b.t.Fatal(err)
	}
	var r Ready
	if err := json.Unmarshal(text, &r); err != nil {
		b.t.Fatal(err)
	}
	b.Agents = r.Agents
	i := slices.IndexFunc(r.Agents, func(a ReadyAgent) bool { return a.User == user })
	if i < 0 {
		return ReadyAgent{}, false
	}
	return r.Agents[i], true
}

// TestTheDirectoryChangesWhileCallsAreUp: what somebody applies beside the server is in
// force within a moment: who is new is rung, who is gone is not, calls go on; what does
// not go with the configuration is not taken.
func TestTheDirectoryChangesWhileCallsAreUp(t *testing.T) {
	t.Parallel()
	b := newBed(t, 2, func(c *Config) { c.HTTP.Console = "127.0.0.1:0" })
	at := directoryAt{Data: b.DataDir, Database: b.database}
	phones := b.agents(2)
	caller, first := b.talk(phones, 0)

	if out, err := said(t, userAddCmd{directoryAt: at, User: "1009", Extension: "1009", Department: "hotline"}.Run); err != nil || !strings.Contains(out, "user 1009, extension 1009, password ") {
		t.Fatalf("%v %s", err, out)
	}
	until(t, "the server has taken who is new", func() bool { _, ok := b.agentNamed("1009"); return ok })
	a, _ := b.agentNamed("1009")
	newcomer := siptest.New(t, b.SIP.UDP, siptest.Config{User: a.User, Password: a.Password, Domain: b.SIP.Domain, Patience: patience, Tone: 1900})
	if res := newcomer.Register(); res.Status != 200 {
		t.Fatalf("REGISTER of who is new: %d", res.Status)
	}
	second := b.dial(numbered(2))
	rings := incoming([]siptest.TestPhone{phones[1], newcomer})
	rings[1].Answer()
	second.Hears(1900)
	rings[0].Ended()

	if out, err := said(t, userDelCmd{directoryAt: at, User: "1001"}.Run); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	until(t, "the server has taken who is gone", func() bool { _, ok := b.agentNamed("1001"); return !ok })
	caller.Hears(toneOf(0)) // his call goes on
	if res, err := phones[0].Phone.Register(t.Context()); err == nil || res == nil || res.Status != 403 {
		t.Errorf("REGISTER of who is gone: %v, %v", res, err)
	}
	first.Hangup()
	caller.Ended()
	second.Hangup()
	rings[1].Ended()
	third := b.dial(numbered(3))
	for _, c := range incoming([]siptest.TestPhone{phones[1], newcomer}) {
		defer c.Ended()
	}
	if n := phones[0].Count("INVITE"); n != 1 {
		t.Errorf("who is gone was rung %d times", n)
	}
	third.Hangup()

	st := recordOf(t, b)
	v, err := st.Directory(t.Context(), 0)
	if err != nil || v.Version != 3 {
		t.Fatalf("%v, version %d", err, v.Version)
	}
	unfit := v.Directory
	unfit.Departments = []cases.Department{{Name: "hotline", Queue: "nowhere"}}
	if _, err := st.Revise(t.Context(), store.Revision{Base: 3, By: "another machine", Directory: unfit}); err != nil {
		t.Fatal(err)
	}
	until(t, "the version was looked at", func() bool {
		b.server.roster.mu.Lock()
		defer b.server.roster.mu.Unlock()
		return b.server.roster.refused == 4
	})
	if got := b.server.roster.Version(); got != 3 {
		t.Errorf("version %d is in force", got)
	}
	b.putDirectory(t, v.Directory, 4, "", 200)
	if got := b.server.roster.Version(); got != 5 {
		t.Errorf("after it was put right over the API version %d is in force", got)
	}
	if body := b.putDirectory(t, unfit, 5, "?dry_run=true", 422); !strings.Contains(body, `"location":"body.departments[0].queue"`) {
		t.Errorf("not told where: %s", body)
	}

	out, err := said(t, directoryHistoryCmd{directoryAt: at, Limit: 9}.Run)
	for _, want := range []string{"version 5", "by api token", "version 4", "by another machine", `queue "" → "nowhere"`, "version 3", "person 1001 removed", "version 1", "by shouwen serve"} {
		if err != nil || !strings.Contains(out, want) {
			t.Errorf("%v, no %q in the history\n%s", err, want, out)
		}
	}
}

// putDirectory puts a directory over the API, made from version base.
func (b *bed) putDirectory(t *testing.T, d cases.Directory, base int, query string, want int) string {
	t.Helper()
	var body map[string]any
	text, err := json.Marshal(d)
	if err == nil {
		err = json.Unmarshal(text, &body)
	}
	if err != nil {
		t.Fatal(err)
	}
	body["version"] = base
	delete(body, "categories") // there are none
	if text, err = json.Marshal(body); err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, b.API.Base+"/directory"+query, bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+b.API.Token)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	answer, _ := io.ReadAll(res.Body)
	if res.StatusCode != want {
		t.Fatalf("PUT %s: %s %s", query, res.Status, answer)
	}
	return string(answer)
}

// TestTheFileOfTheFirstStart: it becomes version 1 and is not looked at any more; the
// commands change what PostgreSQL has, and without PostgreSQL the last known copy
// serves.
func TestTheFileOfTheFirstStart(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t)
	book := examplePhonebook(2)
	book.People[0].Name = "一号"
	if err := book.save(cfg.Data); err != nil {
		t.Fatal(err)
	}
	opt := serverOptions{agents: 2, database: storetest.URL(t), anyPort: true}
	b := startBed(t, cfg, opt)
	b.agent(0, siptest.Config{})
	b.stop()
	if _, err := os.Stat(filepath.Join(cfg.Data, directoryFile)); err == nil {
		t.Error("the file is still there, and looks as if it mattered")
	}

	at := directoryAt{Data: cfg.Data, Database: opt.database}
	file := filepath.Join(t.TempDir(), "directory.yaml")
	exported, err := said(t, directoryExportCmd{directoryAt: at}.Run)
	if err != nil || !strings.Contains(exported, "# version 1") || !strings.Contains(exported, "by directory.yaml") || !strings.Contains(exported, "一号") || strings.Contains(exported, book.People[0].Password) {
		t.Fatalf("%v\n%s", err, exported)
	}
	apply := func(text string, dry bool) (string, error) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return said(t, directoryApplyCmd{directoryAt: at, File: file, Dry: dry}.Run)
	}
	if out, err := apply(exported, false); err != nil || !strings.Contains(out, "nothing to change: it is version 1 already") {
		t.Errorf("as it was exported: %v %s", err, out)
	}
	changed := strings.Replace(exported, "一号", "壹号", 1) + "- user: \"1003\"\n  extension: \"1003\"\n  rank: 0\n"
	for _, dry := range []bool{true, false} {
		out, err := apply(changed, dry)
		want := map[bool]string{true: "2 changes to version 1; nothing was changed", false: "version 2; a running server takes it within seconds\n1 phones have new passwords"}[dry]
		if err != nil || !strings.Contains(out, `person 1001 changed: name "一号" → "壹号"`) || !strings.Contains(out, "person 1003 added") || !strings.Contains(out, want) {
			t.Errorf("dry %t: %v %s", dry, err, out)
		}
	}
	if out, err := apply(strings.Replace(changed, `extension: "1003"`, `extension: "12345"`, 1)+"  department: nowhere\n", true); err == nil ||
		!strings.Contains(err.Error(), `people[2].department: there is no department "nowhere"`) || !strings.Contains(err.Error(), file+": [") {
		t.Errorf("what cannot work: %v %s", err, out)
	}
	people := filepath.Join(t.TempDir(), "people.csv")
	if err := os.WriteFile(people, []byte("user,name,department\n1002,二号,hotline\n1004,四号,hotline\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := said(t, directoryImportCmd{directoryAt: at, File: people}.Run); err != nil || !strings.Contains(out, "person 1004 added") || !strings.Contains(out, "version 3") {
		t.Errorf("%v %s", err, out)
	}

	if err := os.WriteFile(filepath.Join(cfg.Data, directoryFile), []byte("people: []\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	b = startBed(t, cfg, opt)
	if len(b.Agents) != 4 || b.Agents[0].Password != book.People[0].Password || b.server.roster.Version() != 3 {
		t.Errorf("version %d, agents %+v", b.server.roster.Version(), b.Agents)
	}
	b.agent(2, siptest.Config{}) // with the password it was given
	b.stop()

	opt.database = "postgres://nobody@127.0.0.1:1/none"
	b = startBed(t, cfg, opt)
	b.agent(3, siptest.Config{})
	if b.server.roster.Version() != 3 {
		t.Errorf("without the database version %d is in force", b.server.roster.Version())
	}
}

// TestALostDatabaseGetsTheLastKnownDirectory: one that has none takes what this machine
// last knew; one that has one leads.
func TestALostDatabaseGetsTheLastKnownDirectory(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t)
	opt := serverOptions{agents: 2, database: storetest.URL(t), anyPort: true}
	startBed(t, cfg, opt).stop()
	opt.database = storetest.URL(t)
	b := startBed(t, cfg, opt)
	b.agent(0, siptest.Config{})
	v, err := recordOf(t, b).Directory(t.Context(), 0)
	if err != nil || v.Version != 1 || v.By != "last known copy" || len(v.Directory.People) != 2 {
		t.Errorf("%v, %+v", err, v)
	}
	b.stop()

	other := testConfig(t) // knows nothing
	other.Node = 2
	two := startBed(t, other, opt)
	if got := fmt.Sprint(two.Agents); got != "[{1001  1001} {1002  1002}]" || two.server.roster.Version() != 1 {
		t.Errorf("another machine has %s", got)
	}
	b.SIP = two.SIP
	register(t, b.Ready, 0, siptest.Config{}) // by the hashes of PostgreSQL
}

// TestS10R5_WhatThereIsToKnowIsExportedAndApplied: duties, workflows and notices come back
// out of the file as they went into it.
func TestS10R5_WhatThereIsToKnowIsExportedAndApplied(t *testing.T) {
	t.Parallel()
	d := cases.Directory{
		Departments: []cases.Department{{Name: "repairs", Title: "维修部", Duties: "水电: 维修", Workflow: []string{"派单", "上门 # 2小时内"}, Contact: "2号楼, 8888"}},
		Categories:  []cases.Category{{Name: "burst_pipe", Department: "repairs", Words: []string{"漏水"}, Answer: "先关总阀。", Notice: map[cases.NoticeItem]string{"limit": "24小时内"}}},
		People:      []cases.Person{{User: "1001", Extension: "1001", Department: "repairs", Mobile: "+8613900000001"}},
	}
	text, err := yaml.Marshal(phonebookOf(d))
	if err != nil {
		t.Fatal(err)
	}
	b, err := readPhonebook("directory.yaml", text, nil)
	if diff := cmp.Diff(d, b.directory()); err != nil || diff != "" {
		t.Errorf("%v\n%s-want +got\n%s", err, text, diff)
	}
}
