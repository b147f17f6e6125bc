package sip

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	msg "github.com/emiago/sipgo/sip"
)

// maxMessage is how many octets of text a MESSAGE has at most: with its header it
// stays below what UDP carries unbroken (RFC 3428 8).
const maxMessage = 800

// ErrMessage reports that a phone did not take a text.
var ErrMessage = errors.New("text not taken")

// Message sends a line of text to a registered contact (RFC 3428), and returns when the
// phone has it. What is longer than 800 octets is cut. The error wraps ErrMessage with
// the status, or says why nothing could be sent.
func (u *UA) Message(ctx context.Context, b Binding, text string) error {
	if !u.security("", b.User).admits(b.Transport) {
		return fmt.Errorf("%s is registered over %s, and must use TLS", b.User, b.Transport)
	}
	target, routes, err := b.way()
	if err != nil {
		return err
	}
	d := dialog{
		id:    dialogID{callID: fmt.Sprintf("%d.%s", u.cfg.Node, uuid.NewString()), localTag: uuid.NewString()},
		local: msg.Uri{Scheme: "sip", User: "shouwen", Host: u.cfg.Domain}, remote: msg.Uri{Scheme: "sip", User: b.User, Host: u.cfg.Domain},
		target: target, routes: routes,
	}
	req := d.request(msg.MESSAGE, 0)
	req.SetBody([]byte(cut(text)))
	req.AppendHeader(msg.NewHeader("Content-Type", "text/plain;charset=UTF-8"))
	f := flow{b.Transport, u.transport.addr(b.Transport), b.Remote}
	u.prepare(req, f, "")
	res, err := u.exchange(ctx, req, f, 64*u.cfg.T1)
	if err != nil {
		return err
	}
	if !res.IsSuccess() {
		return fmt.Errorf("%s answered %d %s: %w", b.User, res.StatusCode, res.Reason, ErrMessage)
	}
	return nil
}

// cut makes text fit, ending between characters.
func cut(text string) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	if len(text) <= maxMessage {
		return text
	}
	end := maxMessage
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}

// way returns the contact's URI and the route there, through its Path (RFC 3327).
func (b Binding) way() (target msg.Uri, routes []msg.Uri, err error) {
	if err := msg.ParseUri(b.Contact, &target); err != nil {
		return target, nil, fmt.Errorf("contact of %s: %w", b.User, err)
	}
	for _, p := range b.Path {
		var r msg.Uri
		if err := msg.ParseUri(strings.Trim(p, "<>"), &r); err != nil {
			return target, nil, fmt.Errorf("path of %s: %w", b.User, err)
		}
		routes = append(routes, r)
	}
	return target, routes, nil
}

// exchange sends a request outside of dialogs by f, and returns its final response if
// one comes within limit.
func (u *UA) exchange(ctx context.Context, req *msg.Request, f flow, limit time.Duration) (*msg.Response, error) {
	answer := make(chan *msg.Response, 1)
	failure := make(chan error, 1)
	tx, err := u.send(req, f, func(res *msg.Response, err error) {
		switch {
		case err != nil:
			failure <- err
		case !res.IsProvisional():
			answer <- res
		}
	})
	if err != nil {
		return nil, err
	}
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case res := <-answer:
		return res, nil
	case err := <-failure:
		return nil, err
	case <-timer.C:
		tx.Terminate()
		return nil, msg.ErrTransactionTimeout
	case <-ctx.Done():
		tx.Terminate()
		return nil, context.Cause(ctx)
	}
}
