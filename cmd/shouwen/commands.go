package main

import (
	"context"
	"errors"
	"net/http"
	"time"

	"shouwen/cases"
	"shouwen/cases/console"
	"shouwen/cases/journal"
	"shouwen/ivr/acd"
	"shouwen/ivr/call"
)

// commands is what the console asks of live calls and of the journal.
type commands struct {
	calls   *call.Switch
	journal *journal.Journal
}

// Monitor implements console.Commands.
func (c commands) Monitor(id, phone string, mode cases.MonitorMode) error {
	user := phone
	if t, ok := c.calls.Directory().Lookup(phone); ok && t.Person != nil {
		user = t.Person.User
	}
	if mode == "" {
		return refused(c.calls.EndMonitor(id, user))
	}
	err := c.calls.SetMonitor(id, user, mode)
	if errors.Is(err, call.ErrNotMonitored) {
		err = c.calls.Monitor(id, user, mode)
	}
	return refused(err)
}

// Record implements console.Commands.
func (c commands) Record(id, by, action string) error {
	return refused(c.calls.Record(id, by, call.RecordingAction(action)))
}

// Alarm implements console.Commands.
func (c commands) Alarm(id, by string) error { return refused(c.calls.RaiseAlarm(id, by)) }

// Hold implements console.Commands.
func (c commands) Hold(ctx context.Context, k cases.Case, h cases.LegalHold) error {
	_, err := c.journal.Append(ctx, cases.Fact{At: time.Now().UTC(), Call: k.Call.ID, Case: k.Number, LegalHold: &h})
	return err
}

// Delivered implements console.Commands.
func (c commands) Delivered(ctx context.Context, k cases.Case, m cases.MessageDelivered) error {
	_, err := c.journal.Append(ctx, cases.Fact{At: time.Now().UTC(), Call: k.Call.ID, Case: k.Number, MessageDelivered: &m})
	return err
}

// Quality is how well the sides of a live call are heard.
func (c commands) Quality(id string) ([]cases.LegQuality, error) {
	legs, err := c.calls.Quality(id)
	return legs, refused(err)
}

// refusals are the errors of commands that whoever gave them is told of.
var refusals = []struct {
	err    error
	status int
	zh     string
}{
	{call.ErrNoCall, http.StatusNotFound, "没有这通电话"},
	{call.ErrNoCase, http.StatusNotFound, "没有这个工单"},
	{acd.ErrNoAgent, http.StatusNotFound, "您不是坐席，没有可以响铃的话机"},
	{call.ErrNotSupervisor, http.StatusForbidden, "只有班长可以这样做"},
	{call.ErrNotAgent, http.StatusForbidden, "来电人正与另一名坐席通话"},
	{call.ErrNobody, http.StatusConflict, "通话中没有坐席"},
	{call.ErrMonitored, http.StatusConflict, "另一名班长正在监听"},
	{call.ErrNotMonitored, http.StatusConflict, "这名班长没有在监听"},
	{call.ErrNotRecorded, http.StatusConflict, "这通电话没有录音"},
	{call.ErrNotNow, http.StatusConflict, "通话的这个阶段不能这样做"},
	{call.ErrNoNumber, http.StatusConflict, "来电人没有留下号码，或隐藏了号码"},
	{call.ErrNoTrunk, http.StatusConflict, "没有可以呼出的中继"},
	{call.ErrQuiet, http.StatusConflict, "现在是静休时间：先问来电人是否可以打扰（操作“告知来电人”，事项“静休时间可以打扰”）"},
	{acd.ErrTaken, http.StatusConflict, "您正在通话，或话机正在响铃"},
	{acd.ErrClosed, http.StatusServiceUnavailable, "系统正在停止，不再接受新的呼叫"},
	{call.ErrNoDatabase, http.StatusServiceUnavailable, "数据库暂时无法访问，查不到工单"},
}

// refused makes an error of a command one that the console tells.
func refused(err error) error {
	if t, ok := errors.AsType[*call.TargetError](err); ok {
		return &console.Refusal{Status: http.StatusConflict, Reason: cases.Words{ZH: t.Target + "：" + t.Reason.Words().ZH, EN: t.Error()}}
	}
	for _, known := range refusals {
		if errors.Is(err, known.err) {
			return &console.Refusal{Status: known.status, Reason: cases.Words{ZH: known.zh, EN: known.err.Error()}}
		}
	}
	return err
}
