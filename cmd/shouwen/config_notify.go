package main

import (
	"fmt"
	"net"
	"net/mail"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"shouwen/cases/outbox"
)

// NotifyConfig says by what means people and programs are told when a clock makes
// itself heard.
type NotifyConfig struct {
	Phones   bool            `yaml:"phones"` // a text (SIP MESSAGE) on the phones of those it is meant for
	Mail     MailConfig      `yaml:"mail"`
	Webhooks []WebhookConfig `yaml:"webhooks"`
	Link     string          `yaml:"link"` // of the console as people reach it; a case's is in mails
}

// MailConfig is the server that takes our mail.
type MailConfig struct {
	Server       string `yaml:"server"`   // host:port; empty: no mail
	Security     string `yaml:"security"` // starttls, tls or none
	From         string `yaml:"from"`
	User         string `yaml:"user"`          // empty: the server asks for none
	PasswordFile string `yaml:"password_file"` // or SHOUWEN_MAIL_PASSWORD in the environment
}

// WebhookConfig is a program that is told. What the file leaves out is as in
// defaultWebhook.
type WebhookConfig struct {
	Name       string   `yaml:"name"`
	URL        string   `yaml:"url"`
	SecretFile string   `yaml:"secret_file"` // or SHOUWEN_WEBHOOK_NAME_SECRET in the environment
	Timeout    Duration `yaml:"timeout"`
}

func defaultWebhook() WebhookConfig { return WebhookConfig{Timeout: Duration(10 * time.Second)} }

// UnmarshalYAML implements yaml.NodeUnmarshaler: what n leaves out has its default.
func (w *WebhookConfig) UnmarshalYAML(n ast.Node) error {
	type fields WebhookConfig
	f := fields(defaultWebhook())
	err := yaml.NodeToValue(n, &f, yaml.Strict())
	*w = WebhookConfig(f)
	return err
}

const mailPasswordVariable = "SHOUWEN_MAIL_PASSWORD"

// secretVariable is the environment variable a webhook's secret may be in.
func (w WebhookConfig) secretVariable() string {
	return "SHOUWEN_WEBHOOK_" + envName.ReplaceAllString(strings.ToUpper(w.Name), "_") + "_SECRET"
}

// secret is what file has, or, without one, the environment variable.
func secret(file, variable string) (string, error) {
	if file == "" {
		return os.Getenv(variable), nil
	}
	b, err := os.ReadFile(file)
	return strings.TrimSpace(string(b)), err
}

func (c NotifyConfig) check() error {
	if c.Link != "" && !webAddress(c.Link) {
		return bad("notify.link", "is %q, want an address like https://shouwen.example/", c.Link)
	}
	if err := c.Mail.check(); err != nil {
		return err
	}
	names := map[string]bool{}
	for i, w := range c.Webhooks {
		at := fmt.Sprintf("notify.webhooks[%d]", i)
		switch {
		case !plainName.MatchString(w.Name):
			return bad(at, "has name %q, want up to 40 letters, digits, - and _", w.Name)
		case names[w.Name]:
			return bad(at+".name", "%s is there twice", w.Name)
		case !webAddress(w.URL):
			return bad(at, "%s has no url like https://crm.example/shouwen", w.Name) // not shown: a token may be in it
		case w.Timeout < Duration(time.Second) || w.Timeout > Duration(20*time.Second):
			return bad(at+".timeout", "is %s, want 1s to 20s", time.Duration(w.Timeout))
		}
		names[w.Name] = true
		if _, err := w.webhook(); err != nil {
			return bad(at, "%s; put it into a secret_file or into %s", err, w.secretVariable())
		}
	}
	return nil
}

// webAddress tells whether s is a complete http or https URL.
func webAddress(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.Fragment == ""
}

func (m MailConfig) check() error {
	if m.Server == "" {
		return nil
	}
	host, port, err := net.SplitHostPort(m.Server)
	from, fromErr := mail.ParseAddress(m.From)
	switch {
	case err != nil || host == "" || port == "":
		return bad("notify.mail.server", "is %q, want host:port", m.Server)
	case m.Security != "starttls" && m.Security != "tls" && m.Security != "none":
		return bad("notify.mail.security", "is %q, want starttls, tls or none", m.Security)
	case fromErr != nil || from.Address != m.From:
		return bad("notify.mail", "from is %q, want an address like shouwen@example.com", m.From)
	case m.User != "" && m.Security == "none":
		return bad("notify.mail.security", "is none, and the password would be seen; want starttls or tls")
	}
	if m.User == "" {
		return nil
	}
	password, err := secret(m.PasswordFile, mailPasswordVariable)
	if err != nil {
		return bad("notify.mail.password_file", "%s", err)
	}
	if password == "" {
		return bad("notify.mail", "has a user and no password; put it into a password_file or into %s", mailPasswordVariable)
	}
	return nil
}

// webhook is w with its secret.
func (w WebhookConfig) webhook() (outbox.Webhook, error) {
	text, err := secret(w.SecretFile, w.secretVariable())
	if err != nil {
		return outbox.Webhook{}, fmt.Errorf("secret of webhook %s: %w", w.Name, err)
	}
	key, err := outbox.ParseSecret(text)
	if err != nil {
		return outbox.Webhook{}, fmt.Errorf("secret of webhook %s %w", w.Name, err)
	}
	return outbox.Webhook{URL: w.URL, Secret: key, Timeout: time.Duration(w.Timeout)}, nil
}
