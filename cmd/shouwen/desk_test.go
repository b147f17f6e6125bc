package main

import (
	"strings"
	"testing"

	"shouwen/cases"
	"shouwen/cases/console"
	"shouwen/cases/store/storetest"
	"shouwen/sip/siptest"
)

// deskBed is a server of a property company, whose first agent signs in as clerk with
// the password of the console.
func deskBed(t *testing.T, change ...func(*phonebook)) *bed {
	t.Helper()
	cfg := testConfig(t)
	cfg.HTTP.Console, cfg.Profile = "127.0.0.1:0", "property_csc"
	book := examplePhonebook(2)
	book.Departments = append(book.Departments, cases.Department{Name: "repairs", Title: "维修部"})
	book.Categories = []cases.Category{{Name: "no_water", Title: "停水", Department: "repairs", Words: []string{"没水"}, Answer: "今晚十点前恢复供水。", Notice: map[cases.NoticeItem]string{"limit": "两小时内上门"}}}
	book.People[0].Name, book.People[1].Name = "首位坐席", "第二坐席"
	for i := range book.People {
		book.People[i].Console = console.HashPassword("clerkclerk")
	}
	for _, c := range change {
		c(&book)
	}
	if err := book.save(cfg.Data); err != nil {
		t.Fatal(err)
	}
	return startBed(t, cfg, serverOptions{agents: len(book.People), database: storetest.URL(t), anyPort: true})
}

// signsIn signs in as somebody, by the keyboard alone.
func (p *browser) signsIn(b *bed, user string) {
	p.t.Helper()
	p.open(b.Console + "sign-in")
	p.types("#user", user)
	p.presses("Tab")
	p.ask("Input.insertText", map[string]any{"text": "clerkclerk"}, nil)
	p.presses("Enter")
	p.at("/desk")
}

// TestFromRingToClosedInABrowser: an agent at his desk sees his phone ring, has the case
// before him as he picks up, and brings it to its end while and after the caller is on
// the line.
func TestFromRingToClosedInABrowser(t *testing.T) {
	t.Parallel()
	b := deskBed(t)
	p := newBrowser(t, "en")
	p.signsIn(b, "1001")
	p.sees("#now", "your phone is not registered")
	phone := b.agent(0, siptest.Config{})
	p.sees("#now", "Ready")
	if n := b.metric("shouwen_console_streams", `page="desk"`); n != 1 {
		t.Errorf("%v desks are open", n)
	}
	p.types("#know", "家里没水")
	p.sees("#topics", "今晚十点前恢复供水")
	p.shot("desk-know-en")

	caller := b.caller(numbered(1)).Dial(b.Hotline)
	caller.Answered()
	rings := phone.Incoming()
	p.sees("#now", "Your phone rings")
	p.sees("#now", numbered(1))
	if title := p.tells("document.title"); !strings.HasPrefix(title, "☎") {
		t.Errorf("another tab is called %q", title)
	}
	p.shot("ring-en")
	rings.Answer()
	p.at("/cases/")
	p.sees("#now", "You talk with")
	p.sees("h1", "Open")
	p.shot("picked-up-en")

	if phone := p.tells(`document.querySelector("#register-phone").value`); phone != numbered(1) {
		t.Errorf("phone %q", phone)
	}
	p.types("#register-name", "三楼住户")
	p.types("#register-content", "三楼停水")
	p.chooses("#classify-category", "no_water") // what there is to know of it is there while he talks
	p.sees("#topics", "两小时内上门")
	p.shot("case-know-en")
	p.types(`[name="fields.answer"]`, "已派维修")
	p.presses("Enter")
	p.sees("h1", "Registered")
	p.sees(".facts", "三楼停水")

	p.unfolds("hand_over") // without the read-back it is refused, with the reason
	p.sees("#hand_over .lacks", "Read back")
	p.shot("hand-over-lacks-en")
	p.unfolds("register")
	p.activates("#register-read_back")
	p.activates("#register button")
	p.misses("#hand_over .lacks", "Read back")
	caller.Hangup()
	rings.Ended()

	p.unfolds("promise") // what is refused says what is missing, and keeps what was typed
	p.types("#promise-what", "today")
	p.activates("#promise button")
	p.sees("#promise .refused", "By when: a time to come")
	if got := p.tells(`document.querySelector("#promise-what").value + document.activeElement.id`); got != "todaypromise-due" {
		t.Errorf("kept, and focused: %s", got)
	}
	p.shot("refused-en")
	p.unfolds("solve")
	p.types("#solve-result", "已恢复供水")
	p.types("#solve-manner", "电话")
	p.activates("#solve button")
	p.sees("h1", "Solved")
	p.unfolds("reply")
	p.activates("#reply button") // the call is proof, and chosen
	p.sees("h1", "Replied")
	p.unfolds("close")
	p.activates("#close button")
	p.sees("h1", "Closed")
	p.shot("closed-en")
	p.open(b.Console + "desk?lang=zh-CN")
	p.sees("#work", "没有在办工单")
	p.shot("desk-zh")
	p.faultless()

	c := only(t, b.cases())
	if c.State != cases.Closed || c.FirstAsker != "1001" || c.File.Matter.Name != "三楼住户" || !c.File.Matter.ReadBack || len(c.File.Replies) != 1 || c.File.Replies[0].Evidence.Call != c.Call.ID {
		t.Errorf("%s, first-asker %s, %+v", c.State, c.FirstAsker, c.File)
	}
}
