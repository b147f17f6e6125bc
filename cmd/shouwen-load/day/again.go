package day

import (
	"errors"
	"time"
)

// isPressed is a case the department leaves lying, until the caller calls again.
func (m *matter) isPressed() error {
	again := make(chan error, 1)
	go func() { again <- m.callsAgain() }()
	err := m.goes()
	if second := <-again; err == nil || errors.Is(err, errHome) {
		err = second
	}
	return err
}

// callsAgain is the caller who asks what has become of his case. Whoever picks up
// continues the call in that case, and presses who has it.
func (m *matter) callsAgain() error {
	if !sleep(m.today, m.Pace.work(m.who.Work.CallAgain)) {
		return errHome
	}
	who := newCaller(m.who.again())
	m.callers.Store(subscriber(who.Number), who)
	if !m.calls(m.ctx, who, func() {}) {
		return nil
	}
	second := &matter{Player: m.Player, ctx: m.ctx, today: m.today, who: who}
	err := second.reads(spoken)
	if err == nil {
		err = second.does(step{0, second.asker, "merge", fields{"into": m.number}})
	}
	if err != nil {
		return err
	}
	return m.does(
		step{0, m.asker, "press", fields{"text": "来电人再次来电催问"}},
		step{m.who.Work.AnswerBack, m.handler(m.who.Category.Department), "answer", fields{"text": "今天处理"}})
}

// again is he when he calls once more, and is answered at once.
func (who *caller) again() Contact {
	k := who.Contact
	k.Course, k.First, k.Ignored, k.Patience = AtOnce, Answers, false, 0
	return k
}

// comesAgain is a case that is settled, and has its caller call about the same again,
// which is another case.
func (m *matter) comesAgain() error {
	if err := m.isAnswered(true); err != nil {
		return err
	}
	<-m.who.over
	if sleep(m.today, m.Pace.work(m.who.Work.CallAgain)) {
		m.lives(m.ctx, m.today, newCaller(m.who.again()))
	}
	return nil // the case itself is over, whoever has gone home
}

// takesPlace is a caller who finds nobody there, keeps his place in line, and is called
// back by whoever comes back. It is false if that does not come about.
func (m *matter) takesPlace() bool {
	m.adviser.Lock()
	defer m.adviser.Unlock()
	if m.today.Err() != nil {
		return false
	}
	adviser := m.one("agent", advice.queue)
	if err := m.api.pause(m.ctx, adviser, "meeting"); err != nil {
		m.problem("%s cannot take a break: %v", adviser, err)
	}
	m.calls(m.ctx, m.who, func() {})
	if err := m.api.makeReady(m.ctx, adviser); err != nil {
		m.problem("%s cannot end his break: %v", adviser, err)
	}
	return !m.who.refused && m.callsBack(never)
}

// never is a time in which nobody calls back a caller whom Shouwen calls by itself.
const never = 365 * 24 * time.Hour

// callsBack has a caller called back whom nobody has answered, after a time, and waits
// until he answers. It is false if he does not.
func (m *matter) callsBack(after time.Duration) bool {
	if err := m.reads(missed); err != nil {
		m.problem("%s, case of %s: %v", m.who.Course, m.who.Number, err)
		return false
	}
	again := time.NewTimer(after)
	defer again.Stop()
	for tries := 0; ; {
		select {
		case <-m.today.Done():
			return false
		case <-m.who.back:
			return true
		case <-m.who.tried: // Shouwen tries again by itself, three times
			if tries++; tries == 3 {
				m.isGivenUp()
				return false
			}
		case <-again.C:
			if !m.fetchesAgent() {
				again.Reset(m.Pace.phone(15 * time.Second))
			}
		}
	}
}

// fetchesAgent has an agent who is free call the caller; false: it did not begin.
func (m *matter) fetchesAgent() bool {
	free, err := m.api.ready(m.ctx, hotline.queue)
	if err != nil || len(free) == 0 {
		return false
	}
	m.who.set(func() { m.who.sent = true })
	err = m.api.callBack(m.ctx, m.number, m.pick(free))
	if err != nil {
		m.who.set(func() { m.who.sent = false })
	}
	return err == nil
}

// isGivenUp is a case whose caller cannot be reached: a supervisor signs for it.
func (m *matter) isGivenUp() {
	supervisor := m.one("supervisor", "")
	var steps []step
	for range 3 {
		steps = append(steps, step{time.Minute, supervisor, "attempt", fields{"result": "no_answer"}})
	}
	steps = append(steps, step{time.Minute, supervisor, "close", fields{"signed": "三次回拨未接通"}})
	if err := m.does(steps...); err != nil && !errors.Is(err, errHome) {
		m.problem("%s, case %s: %v", m.who.Course, m.number, err)
	}
}
