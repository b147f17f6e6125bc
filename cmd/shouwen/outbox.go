package main

import (
	"context"
	"strings"
	"time"

	"shouwen/cases"
	"shouwen/cases/outbox"
	"shouwen/ivr/call"
)

const (
	sendAttempts = 12              // over about two hours, then a person has to look
	sendAgain    = 5 * time.Second // after the first failure

	summonsAttempts = 60 // over about half an hour
	summonsAgain    = 2 * time.Second

	keepSent        = 30 * 24 * time.Hour // to be asked what was sent
	forgottenAtOnce = 1000                // rows
)

// wireOutbox makes the pumps: one for fired stages, and one for each way to tell
// somebody of them, so that a receiver who hangs holds up no other.
func (s *server) wireOutbox() error {
	c, rows := s.cfg.Notify, s.database.store
	words := outbox.Words{Language: s.cfg.Language, Zone: s.zone, Link: strings.TrimSuffix(c.Link, "/")}
	effects, channels := map[string]outbox.Effect{}, map[string]string{outbox.KindPhone: "sip", outbox.KindEmail: "email"}
	if s.channels.Phone = c.Phones; c.Phones {
		effects[outbox.KindPhone] = outbox.Phone{Tell: s.calls.Tell, Words: words}.Send
	}
	if m := c.Mail; m.Server != "" {
		password, err := secret(m.PasswordFile, mailPasswordVariable)
		if err != nil {
			return err
		}
		s.channels.Email = true
		effects[outbox.KindEmail] = outbox.Mail{
			Server: m.Server, Security: outbox.MailSecurity(m.Security), From: m.From, User: m.User, Password: password,
			Address: s.address, Words: words,
		}.Send
	}
	for _, w := range c.Webhooks {
		hook, err := w.webhook()
		if err != nil {
			return err
		}
		s.channels.Webhooks = append(s.channels.Webhooks, w.Name)
		effects[outbox.WebhookKind(w.Name)], channels[outbox.WebhookKind(w.Name)] = hook.Send, "webhook"
	}
	s.channels.Emergencies = rows.Rules.Policy.Emergencies()
	effects[cases.OutgoingStage] = outbox.Stages(rows, s.roster.directory, s.channels)
	for kind, effect := range effects {
		s.pumps = append(s.pumps, &outbox.Pump{
			Kind: kind, Channel: channels[kind], Rows: rows, Effect: effect, Attempts: sendAttempts, First: sendAgain,
			Metrics: s.metrics.Outbox, Log: s.log,
		})
	}
	s.pumps = append(s.pumps, &outbox.Pump{
		Kind: cases.OutgoingSummons, Channel: "sip", Rows: rows, Effect: outbox.Summon(rows, s.calls.Summon), Attempts: summonsAttempts,
		First: summonsAgain, Longest: 10 * summonsAgain, Limit: call.SummonsLimit, Metrics: s.metrics.Outbox, Log: s.log,
	})
	return nil
}

// tellInspected is what is told of a stage of what an inspection found.
func (s *server) tellInspected(i cases.Inspection, f cases.FiredStage) []cases.Outgoing {
	return s.channels.Inspected(s.roster.directory(), i, f)
}

// forgetOutgoing deletes what has left the house long ago.
func (s *server) forgetOutgoing(ctx context.Context) error {
	for {
		n, err := s.database.store.ForgetOutgoing(ctx, keepSent, forgottenAtOnce)
		if err != nil || n < forgottenAtOnce {
			return err
		}
	}
}

// address is where mail to a user goes; empty: nowhere.
func (s *server) address(user string) string {
	p, _ := s.roster.directory().Person(user)
	return p.Email
}
