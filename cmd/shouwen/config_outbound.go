package main

import (
	"fmt"
	"math"
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"shouwen/cases"
	"shouwen/ivr/call"
	"shouwen/sip"
)

// TrunkOutboundConfig is how calls leave through a trunk. What the file leaves out
// is as in defaultTrunkOutbound.
type TrunkOutboundConfig struct {
	Kind             string   `yaml:"kind"`          // register: we register there; ip: it knows our address
	Servers          []string `yaml:"servers"`       // host:port, or a name alone (DNS SRV); the preferred first
	Transport        string   `yaml:"transport"`     // udp, tcp or tls
	Domain           string   `yaml:"domain"`        // of both numbers; empty: the host of the first server
	Realm            string   `yaml:"realm"`         // whose challenges are answered; empty: the domain
	User             string   `yaml:"user"`          // of the account
	PasswordFile     string   `yaml:"password_file"` // or SHOUWEN_TRUNK_NAME_PASSWORD in the environment
	Caller           string   `yaml:"caller"`        // number shown, in E.164; empty: that of the hotline
	Numbers          string   `yaml:"numbers"`       // e164, digits or national
	Prefix           string   `yaml:"prefix"`        // before every number called
	AssertedIdentity bool     `yaml:"asserted_identity"`
	Options          Duration `yaml:"options"`  // between two OPTIONS; 0: none
	Priority         int      `yaml:"priority"` // the lowest is tried first
}

func defaultTrunkOutbound() TrunkOutboundConfig {
	return TrunkOutboundConfig{Transport: "udp", Numbers: "e164", Options: Duration(30 * time.Second)}
}

// UnmarshalYAML implements yaml.NodeUnmarshaler: what n leaves out has its default.
func (t *TrunkOutboundConfig) UnmarshalYAML(n ast.Node) error {
	type fields TrunkOutboundConfig
	f := fields(defaultTrunkOutbound())
	err := yaml.NodeToValue(n, &f, yaml.Strict())
	*t = TrunkOutboundConfig(f)
	return err
}

// OutboundConfig says which calls to the outside may be made.
type OutboundConfig struct {
	Allow       []string          `yaml:"allow"`     // prefixes that may be called whatever they are, like +852
	Deny        []string          `yaml:"deny"`      // prefixes that may not
	Emergency   bool              `yaml:"emergency"` // agents may call police, fire brigade, ambulance
	PerActor    ActorConfig       `yaml:"per_actor"`
	Overall     RateConfig        `yaml:"overall"`
	Concurrent  int               `yaml:"concurrent"`    // calls at once; 0: any number
	Tariffs     map[string]string `yaml:"tariffs"`       // of each tariff_per begun, by prefix
	TariffPer   Duration          `yaml:"tariff_per"`    // what a tariff is of
	SpendPerDay string            `yaml:"spend_per_day"` // empty: without limit
	Hours       []string          `yaml:"hours"`         // of every day, like 08:00-21:00; none: always
}

// RateConfig is so many calls in that time.
type RateConfig struct {
	Calls int      `yaml:"calls"` // 0: any number
	Per   Duration `yaml:"per"`
}

// ActorConfig is what one of ours may.
type ActorConfig struct {
	Calls       int      `yaml:"calls"` // as in RateConfig
	Per         Duration `yaml:"per"`
	SpendPerDay string   `yaml:"spend_per_day"` // empty: without limit
}

func (a ActorConfig) rate() RateConfig { return RateConfig{a.Calls, a.Per} }

// CallbacksConfig says how often and when Shouwen tries by itself to reach a caller
// whom an agent did not.
type CallbacksConfig struct {
	Retry    []Duration `yaml:"retry"`    // after the first attempt, the second, and so on; the last is repeated; none: people try again
	Attempts int        `yaml:"attempts"` // after so many the supervisor decides
}

func defaultOutbound() OutboundConfig {
	return OutboundConfig{
		PerActor: ActorConfig{Calls: 30, Per: Duration(time.Hour)}, Overall: RateConfig{300, Duration(time.Hour)}, Concurrent: 20,
		TariffPer: Duration(time.Minute), Hours: []string{"08:00-21:00"},
	}
}

func defaultCallbacks() CallbacksConfig {
	return CallbacksConfig{Retry: []Duration{Duration(10 * time.Minute), Duration(time.Hour), Duration(4 * time.Hour)}, Attempts: 3}
}

var (
	e164Number = regexp.MustCompile(`^\+[0-9]{3,15}$`)
	e164Prefix = regexp.MustCompile(`^\+[0-9]{1,15}$`)
	envName    = regexp.MustCompile(`[^A-Z0-9]+`)
)

// passwordVariable is the environment variable a trunk's password may be in.
func (t TrunkConfig) passwordVariable() string {
	return "SHOUWEN_TRUNK_" + envName.ReplaceAllString(strings.ToUpper(t.Name), "_") + "_PASSWORD"
}

// password is that of the trunk's account; it is never logged.
func (t TrunkConfig) password() (string, error) {
	text, err := secret(t.Outbound.PasswordFile, t.passwordVariable())
	if err != nil {
		return "", fmt.Errorf("password of trunk %s: %w", t.Name, err)
	}
	return text, nil
}

func (c Config) checkTrunkOutbound(i int) error {
	t, at := c.Trunks[i], fmt.Sprintf("trunks[%d].outbound", i)
	o := t.Outbound
	if o == nil {
		return nil
	}
	port := map[string]uint16{"udp": c.SIP.UDP, "tcp": c.SIP.TCP, "tls": c.SIP.TLS}
	switch {
	case o.Kind != "register" && o.Kind != "ip":
		return bad(at+".kind", "is %q, want register or ip", o.Kind)
	case len(o.Servers) == 0:
		return bad(at, "has no servers; name one as host:port")
	case o.Transport != "udp" && o.Transport != "tcp" && o.Transport != "tls":
		return bad(at+".transport", "is %q, want udp, tcp or tls", o.Transport)
	case port[o.Transport] == 0:
		return bad(at+".transport", "is %s, which is off; give sip.%s a port", o.Transport, o.Transport)
	case o.Kind == "register" && o.User == "":
		return bad(at+".user", "is empty; to register takes an account")
	case o.Caller != "" && !e164Number.MatchString(o.Caller) && !dialledNumber.MatchString(o.Caller):
		return bad(at+".caller", "is %q, want a number like +861055550100", o.Caller)
	case o.Numbers != "e164" && o.Numbers != "digits" && o.Numbers != "national":
		return bad(at+".numbers", "is %q, want e164, digits or national", o.Numbers)
	case strings.Trim(o.Prefix, "0123456789*#") != "":
		return bad(at+".prefix", "is %q, want digits", o.Prefix)
	case o.Options != 0 && o.Options < Duration(5*time.Second):
		return bad(at+".options", "is %s, want 0s (never) or at least 5s", time.Duration(o.Options))
	case t.RequireTLS && o.Transport != "tls":
		return bad(at+".transport", "is %s, but require_tls is true", o.Transport)
	}
	for j, s := range o.Servers {
		if !isServer(s) {
			return bad(fmt.Sprintf("%s.servers[%d]", at, j), "is %q, want host:port, or a name alone that DNS knows by SRV", s)
		}
	}
	if o.User == "" {
		return nil
	}
	password, err := t.password()
	if err != nil {
		return bad(at+".password_file", "%s", err)
	}
	if password == "" {
		return bad(at, "has a user and no password; put it into a password_file or into %s", t.passwordVariable())
	}
	return nil
}

// isServer says whether s is host:port, or a name alone.
func isServer(s string) bool {
	host, p, err := net.SplitHostPort(s)
	if err != nil {
		_, address := netip.ParseAddr(s)
		return address != nil && !strings.ContainsAny(s, ": <>@;\"[]/") && s != ""
	}
	n, err := strconv.ParseUint(p, 10, 16)
	return err == nil && n > 0 && host != "" && !strings.ContainsAny(host, " <>@;\"")
}

func (c Config) checkOutbound() error {
	o := c.Outbound
	for key, list := range map[string][]string{"allow": o.Allow, "deny": o.Deny} {
		for i, p := range list {
			if !e164Prefix.MatchString(p) {
				return bad(fmt.Sprintf("outbound.%s[%d]", key, i), "is %q, want the beginning of a number in E.164, like +852", p)
			}
		}
	}
	for key, r := range map[string]RateConfig{"per_actor": o.PerActor.rate(), "overall": o.Overall} {
		if r.Calls < 0 || r.Calls > 0 && r.Per < Duration(time.Second) {
			return bad("outbound."+key, "is %d calls in %s, want 0 or more in at least 1s", r.Calls, time.Duration(r.Per))
		}
	}
	if o.Concurrent < 0 {
		return bad("outbound.concurrent", "is %d, want 0 (any number) or more", o.Concurrent)
	}
	if o.TariffPer < Duration(time.Second) {
		return bad("outbound.tariff_per", "is %s, want at least 1s", time.Duration(o.TariffPer))
	}
	for key, amount := range map[string]string{"spend_per_day": o.SpendPerDay, "per_actor.spend_per_day": o.PerActor.SpendPerDay} {
		if _, err := money(amount); err != nil {
			return bad("outbound."+key, "%s", err)
		}
	}
	for prefix, price := range o.Tariffs {
		if !e164Prefix.MatchString(prefix) {
			return bad("outbound.tariffs", "%q is no beginning of a number in E.164; write it like \"+86\"", prefix)
		}
		if _, err := money(price); err != nil {
			return bad("outbound.tariffs", "%s: %s", prefix, err)
		}
	}
	for i, h := range o.Hours {
		if _, err := cases.ParseInterval(h); err != nil {
			return bad(fmt.Sprintf("outbound.hours[%d]", i), "%s", err)
		}
	}
	for i, r := range c.Callbacks.Retry {
		if r < Duration(time.Second) {
			return bad(fmt.Sprintf("callbacks.retry[%d]", i), "is %s, want at least 1s", time.Duration(r))
		}
	}
	if c.Callbacks.Attempts < 1 {
		return bad("callbacks.attempts", "is %d, want 1 or more", c.Callbacks.Attempts)
	}
	return nil
}

// money reads an amount with up to three decimals; empty is nothing.
func money(s string) (call.Money, error) {
	if s == "" {
		return 0, nil
	}
	f, err := strconv.ParseFloat(s, 64)
	if thousandths := math.Round(f * 1000); err == nil && f >= 0 && f < 1e9 && math.Abs(thousandths-f*1000) < 1e-6 {
		return call.Money(thousandths), nil
	}
	return 0, fmt.Errorf("%q is no amount; write it like 0.15", s)
}

// outbound is how calls leave through the trunk; nil: they do not.
func (t TrunkConfig) outbound() (*sip.Outbound, error) {
	o := t.Outbound
	if o == nil {
		return nil, nil
	}
	password, err := t.password()
	if err != nil {
		return nil, err
	}
	domain := o.Domain
	if domain == "" {
		domain = sip.HostOf(o.Servers[0])
	}
	realm := o.Realm
	if realm == "" {
		realm = domain
	}
	return &sip.Outbound{
		Register: o.Kind == "register", Servers: o.Servers, Transport: o.Transport, Domain: domain, Realm: realm,
		User: o.User, Password: password, Caller: o.Caller, Format: sip.NumberFormat(o.Numbers), Prefix: o.Prefix,
		Assert: o.AssertedIdentity, Priority: o.Priority, Probe: time.Duration(o.Options),
	}, nil
}

// policy is which calls to the outside may be made; false: there is no trunk for
// any. Numbers without the plus are of the country of the first such trunk.
func (c Config) policy(zone *time.Location) (p call.OutboundPolicy, ok bool) {
	i := slices.IndexFunc(c.Trunks, func(t TrunkConfig) bool { return t.Outbound != nil })
	if i < 0 {
		return p, false
	}
	o := c.Outbound
	rate := func(r RateConfig) call.Rate { return call.Rate{Calls: r.Calls, Per: time.Duration(r.Per)} }
	p = call.OutboundPolicy{
		Plan: c.Trunks[i].plan(), Allow: o.Allow, Deny: o.Deny, Emergency: o.Emergency, PerActor: rate(o.PerActor.rate()),
		Overall: rate(o.Overall), Concurrent: o.Concurrent, Tariffs: map[string]call.Money{}, Interval: time.Duration(o.TariffPer), Zone: zone,
	}
	p.SpendADay, _ = money(o.SpendPerDay) // all checked
	p.ActorSpend, _ = money(o.PerActor.SpendPerDay)
	for prefix, price := range o.Tariffs {
		p.Tariffs[prefix], _ = money(price)
	}
	for _, h := range o.Hours {
		iv, _ := cases.ParseInterval(h)
		p.Hours = append(p.Hours, iv)
	}
	return p, true
}

func (c CallbacksConfig) retries() call.Retries {
	r := call.Retries{Attempts: c.Attempts}
	for _, d := range c.Retry {
		r.After = append(r.After, time.Duration(d))
	}
	return r
}
