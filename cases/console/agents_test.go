package console

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"shouwen/cases"
)

// TestWhoDoesNotAnswerIsShownWithAButton: the page names him, and the button makes
// him ready.
func TestWhoDoesNotAnswerIsShownWithAButton(t *testing.T) {
	t.Parallel()
	s, log := newServer(deadStore(t))
	o := &orders{}
	s.Duties = o
	h := s.Handler()
	cookie := signIn(t, h)
	page := text(t, ask(h, "GET", "/", "", "Cookie", cookie, "Accept-Language", "en"))
	for _, want := range []string{"phones were not answered: 1", "phone not answered", `action="/agents/qian/ready"`, "until", "Make ready"} {
		if !strings.Contains(page, want) {
			t.Errorf("%q is not in\n%s", want, page)
		}
	}
	_, board, _ := strings.Cut(page, `id="board"`)
	if strings.Count(board, "<form") != 1 || strings.Index(board, "qian") > strings.Index(board, "chief") {
		t.Error("there is one button, and he stands first")
	}
	press := func(status int, header ...string) {
		t.Helper()
		if r := ask(h, "POST", "/agents/qian/ready", "", append([]string{"Cookie", cookie}, header...)...); r.StatusCode != status {
			t.Errorf("%v: %s, want %d", header, r.Status, status)
		}
	}
	press(303)
	press(403, "Sec-Fetch-Site", "cross-site")
	if len(o.given) != 1 || o.given[0] != "ready qian" || !strings.Contains(log.String(), "agent made ready") {
		t.Errorf("given %q", o.given)
	}
	o.err = &Refusal{404, cases.Words{ZH: "没有这名坐席", EN: "there is no such agent"}}
	press(404)
	for language, want := range map[string]string{"zh-CN": "没有这名坐席", "en": "there is no such agent", "": "there is no such agent"} {
		if got := text(t, ask(h, "POST", "/api/v1/agents/nobody/ready", "", "Authorization", "Bearer "+token, "Accept-Language", language)); !strings.Contains(got, want) {
			t.Errorf("in %q: %s", language, got)
		}
	}
	if got := text(t, ask(h, "POST", "/api/v1/agents/aide/ready", "", "Authorization", "Bearer "+token, byHeader, "clerk", "Accept-Language", "zh")); !strings.Contains(got, "您的角色不能这样做") {
		t.Errorf("who may not: %s", got)
	}
	o.err = errors.New("disk")
	press(500)
}

// TestSupervisorsJoinCallsFromThePage: those they are told of, on their own phones.
func TestSupervisorsJoinCallsFromThePage(t *testing.T) {
	t.Parallel()
	s, _ := newServer(deadStore(t))
	o := &orders{}
	s.Commands = o
	calls := slices.Clone(liveCalls)
	calls = append(calls, Call{ID: id(3), Direction: "inbound", State: "talking", Agent: "aide", Case: "261123-1-0008", Since: noon, Answered: noon, Confidential: true})
	s.Calls = func() []Call { return slices.Clone(calls) }
	h := s.Handler()
	boss, clerk := signInAs(t, h, "qian"), signInAs(t, h, "aide")
	page := func(cookie string) string {
		return text(t, ask(h, "GET", "/", "", "Cookie", cookie, "Accept-Language", "en"))
	}
	const form = `action="/calls/%s/monitor"`
	if got := page(boss); strings.Count(got, "/monitor\"") != 1 || !strings.Contains(got, fmt.Sprintf(form, id(1))) || strings.Contains(got, "Leave") {
		t.Errorf("the supervisor sees\n%s", got)
	}
	if got := page(clerk); strings.Contains(got, "/monitor\"") {
		t.Error("others have the buttons")
	}
	press := func(cookie, call, mode string, status int) {
		t.Helper()
		if r := ask(h, "POST", "/calls/"+call+"/monitor", "mode="+mode, "Cookie", cookie); r.StatusCode != status {
			t.Errorf("%s of %s: %s, want %d", mode, call, r.Status, status)
		}
	}
	press(boss, id(1), "listen", 303)
	press(boss, id(1), "", 303)
	press(boss, id(1), "record", 400)
	press(boss, id(3), "listen", 404)
	press(boss, id(9), "listen", 404)
	press(clerk, id(1), "listen", 403)
	if want := []string{"monitor " + id(1) + " qian listen", "monitor " + id(1) + " qian "}; !slices.Equal(o.given, want) {
		t.Errorf("given %q", o.given)
	}
	calls[1].Supervisor = "qian"
	if got := page(boss); !strings.Contains(got, "Leave") || !strings.Contains(got, "Whisper") {
		t.Error("he cannot leave, or change the mode")
	}
	calls[1].Supervisor = "boss"
	if got := page(boss); strings.Contains(got, "Whisper") {
		t.Error("two may be on a line")
	}
}
