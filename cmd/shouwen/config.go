package main

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"shouwen/ivr/acd"
	"shouwen/ivr/call"
)

// Config is everything that can be set, in one file. Every value has a default
// that works on one machine; see Default.
type Config struct {
	Node     int    `yaml:"node"`      // 1–9999, distinct for every node of an installation; part of case numbers
	TimeZone string `yaml:"time_zone"` // of case numbers and calendars, e.g. Asia/Shanghai
	Language string `yaml:"language"`  // of the prompts: zh-CN or en
	Prompts  string `yaml:"prompts"`   // folder of WAV files that replace the built-in prompts, or empty
	Data     string `yaml:"data"`      // data directory

	SIP     SIPConfig     `yaml:"sip"`
	RTP     RTPConfig     `yaml:"rtp"`
	Hotline HotlineConfig `yaml:"hotline"`
	Trunks  []TrunkConfig `yaml:"trunks"`
	HTTP    HTTPConfig    `yaml:"http"`

	Codes call.Codes `yaml:"codes"` // what agents dial during a call; see call.Feature

	DrainTimeout Duration `yaml:"drain_timeout"` // how long live calls may go on after SIGTERM
}

// SIPConfig says where SIP is spoken. A port of 0 turns a transport off.
type SIPConfig struct {
	Address     Address `yaml:"address"` // of one interface; phones and trunks reach it
	Domain      string  `yaml:"domain"`  // phones are user@domain; empty: the address
	UDP         uint16  `yaml:"udp"`
	TCP         uint16  `yaml:"tcp"`
	TLS         uint16  `yaml:"tls"`
	Certificate string  `yaml:"certificate"` // PEM file; empty: self-signed in the data directory
	Key         string  `yaml:"key"`
}

// RTPConfig is about audio.
type RTPConfig struct {
	Ports        PortRange `yaml:"ports"`
	MediaTimeout Duration  `yaml:"media_timeout"` // silence on both sides that ends a call; 0: never
}

// HotlineConfig is the number callers dial.
type HotlineConfig struct {
	Number         string   `yaml:"number"`
	Aliases        []string `yaml:"aliases"` // the same line as trunks write it, e.g. 01055550100
	Greeting       bool     `yaml:"greeting"`
	RingTime       Duration `yaml:"ring_time"`       // of one round
	MaxWait        Duration `yaml:"max_wait"`        // until the caller is asked to accept a callback
	Strategy       string   `yaml:"strategy"`        // whom to ring: ring_all, longest_idle, …
	OverflowAfter  Duration `yaml:"overflow_after"`  // wait after which stand-ins (penalty in the directory) are rung too
	WrapUp         Duration `yaml:"wrap_up"`         // what an agent has after each call to finish it
	MaxMissed      int      `yaml:"max_missed"`      // phones that ring in vain so often in a row are paused; 0: never
	TieWindow      Duration `yaml:"tie_window"`      // answers this close together go to the higher rank; 0: the first wins
	CallbackWithin Duration `yaml:"callback_within"` // the promise to callers nobody answered
}

// TrunkConfig is a peer that brings calls from outside.
type TrunkConfig struct {
	Name          string `yaml:"name"`
	Peers         []Peer `yaml:"peers"`     // its signalling addresses
	Country       string `yaml:"country"`   // of national numbers, two letters
	AreaCode      string `yaml:"area_code"` // of local numbers, without the leading 0
	TrustIdentity bool   `yaml:"trust_identity"`
	NAT           bool   `yaml:"nat"`
}

// HTTPConfig says where the console and the metrics are served. Empty: not at all.
type HTTPConfig struct {
	Console string `yaml:"console"`
	Metrics string `yaml:"metrics"`
}

// Duration is a time.Duration written like 90s or 3m.
type Duration time.Duration

// UnmarshalYAML implements yaml.NodeUnmarshaler.
func (d *Duration) UnmarshalYAML(n ast.Node) error {
	v, err := time.ParseDuration(word(n))
	if err != nil {
		return refuse(n, "is no duration; write it like 20s or 3m")
	}
	*d = Duration(v)
	return nil
}

// PortRange is first-last, both included.
type PortRange struct{ First, Last uint16 }

// UnmarshalYAML implements yaml.NodeUnmarshaler.
func (r *PortRange) UnmarshalYAML(n ast.Node) error {
	first, last, ok := strings.Cut(word(n), "-")
	f, err1 := strconv.ParseUint(strings.TrimSpace(first), 10, 16)
	l, err2 := strconv.ParseUint(strings.TrimSpace(last), 10, 16)
	if !ok || err1 != nil || err2 != nil || f < 1024 || l < f+3 {
		return refuse(n, "is no port range; write it like 10000-20000")
	}
	*r = PortRange{uint16(f), uint16(l)}
	return nil
}

// Address is an IP address.
type Address struct{ netip.Addr }

// UnmarshalYAML implements yaml.NodeUnmarshaler.
func (a *Address) UnmarshalYAML(n ast.Node) (err error) {
	if a.Addr, err = netip.ParseAddr(word(n)); err != nil {
		return refuse(n, "is no IP address; write it like 192.0.2.10")
	}
	return nil
}

// Peer is an IP address or a network of them.
type Peer struct{ netip.Prefix }

// UnmarshalYAML implements yaml.NodeUnmarshaler.
func (p *Peer) UnmarshalYAML(n ast.Node) error {
	if a, err := netip.ParseAddr(word(n)); err == nil {
		p.Prefix = netip.PrefixFrom(a, a.BitLen())
		return nil
	}
	prefix, err := netip.ParsePrefix(word(n))
	if err != nil {
		return refuse(n, "is neither an address nor a network; write it like 192.0.2.10 or 192.0.2.0/24")
	}
	p.Prefix = prefix
	return nil
}

// word is the text of a single value; lists and mappings have none.
func word(n ast.Node) string {
	if s, ok := n.(ast.ScalarNode); ok {
		return strings.TrimSpace(s.GetToken().Value)
	}
	return ""
}

// refuse is an error about the value of n, with its line and column.
func refuse(n ast.Node, why string) error {
	return &yaml.SyntaxError{Message: n.String() + " " + why, Token: n.GetToken()}
}

func (r PortRange) String() string { return fmt.Sprintf("%d-%d", r.First, r.Last) }

// Default is the configuration of a first try: everything on loopback, and
// loopback is the trunk.
func Default() Config {
	return Config{
		Node: 1, TimeZone: "Asia/Shanghai", Language: "zh-CN", Data: defaultData(),
		SIP: SIPConfig{Address: Address{netip.AddrFrom4([4]byte{127, 0, 0, 1})}, UDP: 5060, TCP: 5060, TLS: 5061},
		RTP: RTPConfig{Ports: PortRange{10000, 20000}, MediaTimeout: Duration(20 * time.Second)},
		Hotline: HotlineConfig{
			Number: "12345", Greeting: true, RingTime: Duration(20 * time.Second),
			Strategy: "ring_all", OverflowAfter: Duration(20 * time.Second),
			MaxWait: Duration(3 * time.Minute), CallbackWithin: Duration(30 * time.Minute),
		},
		Trunks: []TrunkConfig{{
			Name: "loopback", Peers: []Peer{{netip.MustParsePrefix("127.0.0.0/8")}}, Country: "CN", TrustIdentity: true,
		}},
		HTTP:         HTTPConfig{Console: "127.0.0.1:8080", Metrics: "127.0.0.1:8081"},
		Codes:        call.DefaultCodes(),
		DrainTimeout: Duration(time.Minute),
	}
}

// defaultData is a folder the private PostgreSQL can reach: as root it runs as
// another user, who has no way into root's home.
func defaultData() string {
	if os.Geteuid() == 0 {
		return "/var/lib/shouwen"
	}
	if home, err := os.UserHomeDir(); err == nil {
		return filepath.Join(home, ".local", "share", "shouwen")
	}
	return "shouwen-data"
}

// LoadConfig reads a configuration over the defaults. The error names line and
// column.
func LoadConfig(file string) (Config, error) {
	c := Default()
	b, err := os.ReadFile(file)
	if err != nil {
		return c, fmt.Errorf("configuration: %w", err)
	}
	if err := decode(b, &c); err != nil {
		return c, fmt.Errorf("%s: %s", file, yaml.FormatError(err, false, true))
	}
	for f, code := range call.DefaultCodes() { // the file need not name them all
		if _, set := c.Codes[f]; !set {
			c.Codes[f] = code
		}
	}
	return c, located(file, b, c.Check())
}

// decode reads YAML over c. A key without a value, as is left when all below it
// is commented out, changes nothing.
func decode(b []byte, c *Config) error {
	file, err := parser.ParseBytes(b, 0)
	if err != nil {
		return err
	}
	for _, doc := range file.Docs {
		if doc.Body == nil || doc.Body.Type() == ast.NullType || doc.Body.Type() == ast.CommentType {
			continue
		}
		dropEmpty(doc.Body)
		if err := yaml.NodeToValue(doc.Body, c, yaml.Strict()); err != nil {
			return err
		}
	}
	return nil
}

func dropEmpty(n ast.Node) {
	m, ok := n.(*ast.MappingNode)
	if !ok {
		return
	}
	m.Values = slices.DeleteFunc(m.Values, func(v *ast.MappingValueNode) bool { return v.Value.Type() == ast.NullType })
	for _, v := range m.Values {
		dropEmpty(v.Value)
	}
}

// configError is a value Check refuses, with the YAML path it was set at.
type configError struct {
	path string
	text string
}

func (e configError) Error() string { return strings.TrimPrefix(e.path, "$.") + ": " + e.text }

// located adds line and column of the value err is about, if the file has it.
func located(file string, source []byte, err error) error {
	var bad configError
	if !errors.As(err, &bad) {
		return err
	}
	path, pathErr := yaml.PathString(bad.path)
	if pathErr == nil {
		if note, noteErr := path.AnnotateSource(source, false); noteErr == nil {
			line, column := position(string(note))
			return fmt.Errorf("%s: [%s:%s] %w\n%s", file, line, column, err, note)
		}
	}
	return fmt.Errorf("%s: %w", file, err)
}

var marked = regexp.MustCompile(`(?m)^>\s*(\d+) \|(.*)\n\s*(\^)?`)

// position finds line and column in the annotated source: the marked line and
// the caret below it.
func position(note string) (line, column string) {
	m := marked.FindStringSubmatch(note)
	if m == nil {
		return "1", "1"
	}
	rows := strings.Split(note, "\n")
	for i, row := range rows {
		if strings.HasPrefix(row, ">") && i+1 < len(rows) {
			bar := strings.Index(row, "|")
			return m[1], strconv.Itoa(max(1, strings.Index(rows[i+1], "^")-bar-1))
		}
	}
	return m[1], "1"
}

var hotlineNumber = regexp.MustCompile(`^[0-9+*#]{1,20}$`)

// Check reports the first value that cannot work, with the remedy.
func (c Config) Check() error {
	bad := func(path, format string, args ...any) error {
		return configError{"$." + path, fmt.Sprintf(format, args...)}
	}
	if c.Node < 1 || c.Node > 9999 {
		return bad("node", "is %d, want 1 to 9999", c.Node)
	}
	if _, err := time.LoadLocation(c.TimeZone); err != nil {
		return bad("time_zone", "%q is no time zone; write it like Asia/Shanghai", c.TimeZone)
	}
	if c.Language != "zh-CN" && c.Language != "en" {
		return bad("language", "is %q, want zh-CN or en", c.Language)
	}
	if c.Data == "" {
		return bad("data", "is empty, want a folder")
	}
	if !c.SIP.Address.IsValid() || c.SIP.Address.IsUnspecified() {
		return bad("sip.address", "is %s, want the address of one interface: it stands in SIP messages", c.SIP.Address)
	}
	if c.SIP.UDP == 0 && c.SIP.TCP == 0 && c.SIP.TLS == 0 {
		return bad("sip.udp", "every transport is off; give one of udp, tcp and tls a port")
	}
	if (c.SIP.Certificate == "") != (c.SIP.Key == "") {
		return bad("sip.certificate", "certificate and key go together")
	}
	if !hotlineNumber.MatchString(c.Hotline.Number) {
		return bad("hotline.number", "is %q, want digits", c.Hotline.Number)
	}
	for i, a := range c.Hotline.Aliases {
		if !hotlineNumber.MatchString(a) {
			return bad(fmt.Sprintf("hotline.aliases[%d]", i), "is %q, want digits", a)
		}
	}
	for name, d := range map[string]Duration{
		"ring_time": c.Hotline.RingTime, "max_wait": c.Hotline.MaxWait,
		"overflow_after": c.Hotline.OverflowAfter, "callback_within": c.Hotline.CallbackWithin,
	} {
		if d <= 0 {
			return bad("hotline."+name, "is %s, want more than 0", time.Duration(d))
		}
	}
	if c.Hotline.TieWindow < 0 || c.Hotline.TieWindow > Duration(5*time.Second) {
		return bad("hotline.tie_window", "is %s, want 0s to 5s: the caller waits for it", time.Duration(c.Hotline.TieWindow))
	}
	if _, err := acd.Named(c.Hotline.Strategy, 0); err != nil {
		return bad("hotline.strategy", "%s", err)
	}
	if c.Hotline.WrapUp < 0 {
		return bad("hotline.wrap_up", "is %s, want 0s or more", time.Duration(c.Hotline.WrapUp))
	}
	if c.Hotline.MaxMissed < 0 {
		return bad("hotline.max_missed", "is %d, want 0 (never) or more", c.Hotline.MaxMissed)
	}
	for i, t := range c.Trunks {
		if t.Name == "" {
			return bad(fmt.Sprintf("trunks[%d]", i), "has no name")
		}
		if len(t.Peers) == 0 {
			return bad(fmt.Sprintf("trunks[%d]", i), "%s has no peers; without addresses nobody may call through it", t.Name)
		}
		if len(t.Country) != 2 {
			return bad(fmt.Sprintf("trunks[%d].country", i), "is %q, want two letters like CN", t.Country)
		}
	}
	if wrong, ok := errors.AsType[*call.CodeError](c.Codes.Check()); ok {
		return bad("codes."+string(wrong.Feature), "%s", wrong.Text)
	}
	for name, a := range map[string]string{"console": c.HTTP.Console, "metrics": c.HTTP.Metrics} {
		if a == "" {
			continue
		}
		if _, _, err := net.SplitHostPort(a); err != nil {
			return bad("http."+name, "is %q, want address:port", a)
		}
	}
	return nil
}

// domain is the SIP domain: the configured one, else the address.
func (c SIPConfig) domain() string {
	if c.Domain != "" {
		return c.Domain
	}
	return c.Address.String()
}

type checkCmd struct {
	File string `arg:"" help:"Configuration file (YAML)."`
}

// Run validates the file and says so.
func (c checkCmd) Run() error {
	cfg, err := LoadConfig(c.File)
	if err != nil {
		return err
	}
	fmt.Printf("%s is valid: hotline %s at %s, %d trunks\n", c.File, cfg.Hotline.Number, cfg.SIP.Address, len(cfg.Trunks))
	return nil
}
