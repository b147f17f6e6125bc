package day

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"
)

// errHome reports that people have gone home before a step was due: it is not done
// today.
var errHome = errors.New("everybody has gone home")

// A matter is a case people work on, step by step.
type matter struct {
	*Player
	ctx, today context.Context // until the last call is over, and until people go home
	who        *caller

	number string // of the case
	call   string // id of the call that opened it, if the caller was spoken with in it
	asker  string // user of the first-asker
}

// fields are those of a move.
type fields map[string]any

// step is a move somebody makes in a case.
type step struct {
	after  time.Duration // of a real day
	by     string        // user
	move   string
	fields fields
}

// does makes steps, each at its time.
func (m *matter) does(steps ...step) error {
	for _, s := range steps {
		if !sleep(m.today, m.Pace.work(s.after)) {
			return errHome
		}
		if s.fields == nil {
			s.fields = fields{}
		}
		if proof, ok := s.fields["evidence"].(fields); ok && proof["message"] != nil {
			if err := m.api.delivered(m.ctx, m.number, proof["message"].(string), m.who.Number); err != nil {
				return err
			}
		}
		if _, err := m.api.move(m.ctx, s.by, m.number, s.move, s.fields); err != nil {
			return err
		}
	}
	return nil
}

// reads learns from the case what is to be known of it, once it is as wanted.
func (m *matter) reads(want func(caseBody) bool) error {
	c, err := m.newCase(m.ctx, m.who, want)
	if err != nil {
		return err
	}
	m.number, m.asker = c.Number, c.FirstAsker
	if c.Call.Agent != "" {
		m.call = c.Call.ID
	}
	return nil
}

// What is waited for: that the caller was spoken with, or not.
func spoken(c caseBody) bool { return c.FirstAsker != "" }
func missed(c caseBody) bool { return c.Call.Missed != "" }

// inCall proves that the caller was told something in the call that opened the case, if
// he was spoken with in it, or by a message.
func (m *matter) inCall() fields {
	if m.call != "" {
		return fields{"call": m.call}
	}
	return m.byMessage()
}

// byMessage proves it by a message; it goes out before the move that cites it.
func (m *matter) byMessage() fields { return fields{"message": uuid.NewString()} }

// works does what becomes of the case of a caller who is being spoken with.
func (m *matter) works() error {
	if err := m.reads(spoken); err != nil {
		return err
	}
	w, of := m.who.Work, m.who.Category
	if err := m.does(
		step{w.Register, m.asker, "register", fields{"name": "来电人", "phone": m.who.Number, "content": "反映" + of.Name, "read_back": true}},
		step{0, m.asker, "classify", m.judged()},
	); err != nil {
		return err
	}
	switch m.who.Course {
	case Promised, Broken:
		return m.keepsPromise()
	case Unsolved:
		return m.isAnswered(false)
	case CallsAgain:
		return m.isPressed()
	case ComesAgain:
		return m.comesAgain()
	case Warm, Blind, InWriting, Late, GivenBack, Disputed, Overruled, Extended:
		return m.goes()
	}
	return m.isAnswered(true)
}

// judged is how grave the matter is, and whose.
func (m *matter) judged() fields {
	f := fields{"class": m.who.Class, "category": m.who.Category.Name}
	if m.who.Class == major {
		f["set"] = []string{"major"}
	}
	return f
}

// isAnswered is a case its first-asker settles himself, at the first or second try.
func (m *matter) isAnswered(solved bool) error {
	w := m.who.Work
	solve := func(after time.Duration) error {
		return m.does(
			step{after, m.asker, "solve", fields{"manner": "电话答复", "result": "已说明办法"}},
			step{0, m.asker, "reply", fields{"manner": "电话", "result": "已说明办法", "evidence": m.inCall()}})
	}
	err := solve(0)
	if err == nil && !solved {
		err = m.does(step{w.Visit, m.asker, "visit", m.says(false)})
		if err == nil {
			err = solve(w.Reply)
		}
	}
	if err != nil {
		return err
	}
	return m.ends()
}

// says is what the caller says when he is visited.
func (m *matter) says(solved bool) fields {
	said := fields{"answered": true, "solved": solved, "evidence": m.byMessage()}
	if m.who.Satisfied > 0 {
		said["satisfied"] = m.who.Satisfied
	}
	if !solved {
		said["said"] = "问题还在"
	}
	return said
}

// ends is the end of a case whose caller was answered.
func (m *matter) ends() error {
	return m.does(step{m.who.Work.Visit, m.asker, "visit", m.says(true)}, step{0, m.asker, "close", nil})
}

// keepsPromise is a case whose caller was promised something by a time.
func (m *matter) keepsPromise() error {
	due := time.Now().Add(m.Pace.work(promisedIn)).UTC()
	if err := m.does(step{0, m.asker, "promise", fields{"what": "回电答复", "due": due}}, step{m.who.Work.Reply, m.asker, "keep", nil}); err != nil {
		return err
	}
	return m.isAnswered(true)
}

// goes is a case that goes to the competent department, by way of those that are not.
func (m *matter) goes() error {
	competent := m.who.Category.Department
	var err error
	for i, department := range m.who.Asked {
		if err = m.handsOver(department, "cold"); err == nil {
			err = m.does(step{m.who.Work.Accept, m.handler(department), "return", fields{"code": "not_ours", "opinion": "不属于本部门职责"}})
		}
		if err != nil {
			return err
		}
		if i == 1 { // the second who gives it back leaves it to the arbiter
			err = m.does(step{m.who.Work.HandOver, m.one("arbiter", ""), "arbitrate", fields{"department": competent, "reason": "职责目录"}})
			if err != nil {
				return err
			}
			return m.isHandled(competent)
		}
	}
	mode := "cold"
	if passing(m.who.Course) != "" {
		<-m.who.over
		if m.who.isWith() != "" {
			mode = "warm_required"
		}
	}
	if err := m.handsOver(competent, mode); err != nil {
		return err
	}
	return m.isHandled(competent)
}

func (m *matter) handsOver(department, mode string) error {
	return m.does(step{m.who.Work.HandOver, m.asker, "hand_over", fields{
		"department": department, "mode": mode, "reached": mode == "warm_required", "told": []string{"department"},
	}})
}

// handsOff leaves the case to somebody else of the desk, when its first-asker goes home
// and it is not over.
func (m *matter) handsOff() error {
	if m.asker == "" {
		return nil // nobody has it
	}
	c, err := m.api.read(m.ctx, m.number)
	if err != nil || c.over() {
		return err
	}
	next := m.pick(slices.DeleteFunc(m.directory.with("agent", hotline.queue), func(user string) bool { return user == m.asker }))
	_, err = m.api.move(m.ctx, m.asker, m.number, "hand_off", fields{"to": next, "note": "尚未办结，请继续跟进"})
	return err
}

// one returns one of those of a department, or of all, who have a role.
func (m *matter) one(role, department string) string {
	return m.pick(m.directory.with(role, department))
}

// pick returns one of users, always the same for a caller.
func (m *matter) pick(users []string) string {
	return users[int(m.who.Number[len(m.who.Number)-1])%len(users)]
}

func (m *matter) handler(department string) string { return m.one("handler", department) }

// isHandled is a case in the hands of the competent department.
func (m *matter) isHandled(department string) error {
	w, handler := m.who.Work, m.handler(department)
	err := m.does(step{w.Accept, handler, "accept", fields{"authority": true}})
	if err == nil && m.who.Course == Extended {
		err = m.isExtended(handler)
	}
	if err != nil {
		return err
	}
	if err := m.does(
		step{w.Report, handler, "report", fields{"manner": "现场处理", "result": "已处理"}},
		step{w.Enter, m.asker, "enter", nil},
		step{w.Reply, m.asker, "reply", fields{"manner": "短信", "result": "已处理", "evidence": m.byMessage()}},
	); err != nil {
		return err
	}
	return m.ends()
}

// isExtended is a handler who gets more time: asked for, approved, told.
func (m *matter) isExtended(handler string) error {
	c, err := m.api.read(m.ctx, m.number)
	if err != nil {
		return err
	}
	for _, k := range c.Clocks {
		if k.Kind != "handle" || k.State != "running" || k.Due == nil || time.Now().After(*k.Due) {
			continue // too late to ask
		}
		return m.does(
			step{0, handler, "extend", fields{"clock": "handle", "until": k.Due.Add(m.Pace.work(limits.handle)), "reason": "等待备件"}},
			step{0, m.one("supervisor", ""), "decide", fields{"of": "extension", "approve": true}},
			step{0, m.asker, "tell", fields{"of": "extension", "said": "需要延期", "evidence": m.byMessage()}})
	}
	return nil
}
