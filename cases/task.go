package cases

import (
	"slices"
	"time"
)

// Task is something somebody has to do about a case before it is closed.
type Task struct {
	What  TaskKind  `json:"what"`
	Text  string    `json:"text,omitempty"`
	For   string    `json:"for"` // user
	Since time.Time `json:"since"`
	Done  time.Time `json:"done,omitzero"`
	By    string    `json:"by,omitempty"` // user who did it
}

// TaskKind says what is to be done.
type TaskKind string

// The kinds of tasks.
const (
	TaskContact   TaskKind = "contact"   // reach whom the caller was to be passed on to, who did not answer (S30-R12)
	TaskReport    TaskKind = "report"    // tell the superior that he did not
	TaskApologise TaskKind = "apologise" // to the caller, for a promise that was kept late (S17-R11, S24-R22)
	TaskOther     TaskKind = "other"     // as somebody says, e.g. secure the scene (S30-R17)
)

// assign returns tasks with another one, unless it is there and not done.
func assign(tasks []Task, one Task) []Task {
	if slices.ContainsFunc(tasks, func(t Task) bool {
		return t.Done.IsZero() && t.What == one.What && t.Text == one.Text && t.For == one.For
	}) {
		return tasks
	}
	one.Since = micros(one.Since)
	return append(slices.Clone(tasks), one)
}

// finish returns tasks with all of a kind done.
func finish(tasks []Task, kind TaskKind, by string, at time.Time) []Task {
	tasks = slices.Clone(tasks)
	for i, t := range tasks {
		if t.What == kind && t.Done.IsZero() {
			tasks[i].Done, tasks[i].By = micros(at), by
		}
	}
	return tasks
}

// ToDo returns the tasks that are not done.
func (f File) ToDo() (open []Task) {
	for _, t := range f.Tasks {
		if t.Done.IsZero() {
			open = append(open, t)
		}
	}
	return open
}

// Entrust gives somebody a task.
type Entrust struct {
	Text string `json:"text"`
	For  string `json:"for"` // user
}

// Kind returns MoveEntrust.
func (Entrust) Kind() MoveKind { return MoveEntrust }

func (m Entrust) do(d *decision) {
	d.need(m.Text != "", "text", Words{"要做什么", "what is to be done"})
	d.need(m.For != "", "for", Words{"由谁做", "who does it"})
	d.notAccused(m.For, "for")
	d.c.File.Tasks = assign(d.c.File.Tasks, Task{What: TaskOther, Text: m.Text, For: m.For, Since: d.at})
}

// Finish says that a task is done.
type Finish struct {
	Task int    `json:"task"` // which of the case's, from 1
	Note string `json:"note,omitempty"`
}

// Kind returns MoveFinish.
func (Finish) Kind() MoveKind { return MoveFinish }

func (m Finish) do(d *decision) {
	tasks := slices.Clone(d.c.File.Tasks)
	if m.Task < 1 || m.Task > len(tasks) || !tasks[m.Task-1].Done.IsZero() {
		d.need(false, "task", Words{"尚未完成的任务序号", "the number of a task that is not done"})
		return
	}
	t := &tasks[m.Task-1]
	own := d.by.User == t.For || d.by.User == d.c.FirstAsker || d.by.Has(RoleSupervisor)
	d.need(own, "task", Words{"由任务承担人、首问责任人或班长完成", "whose it is, the first-asker or a supervisor says that it is done"})
	t.Done, t.By = d.at, d.by.User
	d.c.File.Tasks = tasks
}

// Leaves tells whether a may not go home without a word to the next shift about c: he
// has promised its caller something; or something is to be done by him, where p has
// shifts hand over (S30-R12, S30-R14).
func (c Case) Leaves(a Actor, p Policy) bool {
	log := slices.ContainsFunc(p.Forms, func(f Form) bool { return f.Form == FormHandover })
	his := slices.ContainsFunc(c.File.ToDo(), func(t Task) bool { return t.For == a.User })
	promised := c.Handler == a.User && c.File.Promise != nil
	return slices.Contains(live, c.State) && (promised || log && his)
}
