package main

import (
	"cmp"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"shouwen/cases"
	"shouwen/ivr"
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
	Profile  string `yaml:"profile"`   // what cases are held to: one that comes with Shouwen, or a file
	Calendar string `yaml:"calendar"`  // whose working days count: one that comes with Shouwen, or a file

	Languages []string          `yaml:"languages"` // further ones that flows may speak
	Speech    SpeechConfig      `yaml:"tts"`       // of the texts of flows
	Hours     map[string]string `yaml:"hours"`     // opening hours by name: calendar files, or calendars that come with Shouwen

	dir, file string // of it: where files named here are found; empty: in the present folder

	SIP       SIPConfig       `yaml:"sip"`
	RTP       RTPConfig       `yaml:"rtp"`
	Hotlines  []HotlineConfig `yaml:"hotlines"`
	Queues    []QueueConfig   `yaml:"queues"`
	Agents    AgentsConfig    `yaml:"agents"`
	Trunks    []TrunkConfig   `yaml:"trunks"`
	Callers   CallersConfig   `yaml:"callers"`
	Phones    SecurityConfig  `yaml:"phones"` // of each that says nothing of it itself
	Outbound  OutboundConfig  `yaml:"outbound"`
	Callbacks CallbacksConfig `yaml:"callbacks"`
	HTTP      HTTPConfig      `yaml:"http"`
	Notify    NotifyConfig    `yaml:"notify"`

	Codes call.Codes `yaml:"codes"` // what agents dial; see call.Feature

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

// HotlineConfig is a number callers dial. What the file leaves out is as in
// defaultHotline.
type HotlineConfig struct {
	Number         string   `yaml:"number"`
	Aliases        []string `yaml:"aliases"` // the same line as trunks write it, e.g. 01055550100
	Queue          string   `yaml:"queue"`   // name of one of the queues
	Greeting       Greeting `yaml:"greeting"`
	CallbackWithin Duration `yaml:"callback_within"` // the promise to callers nobody answered

	Hours     string      `yaml:"hours"`     // name of its opening hours; empty: always open
	Night     NightConfig `yaml:"night"`     // while it is closed
	Flow      string      `yaml:"flow"`      // file of a menu before the queue; empty: none (GB/T 33358)
	Survey    string      `yaml:"survey"`    // file of a flow after the call; empty: none
	Emergency string      `yaml:"emergency"` // key of callers who wait, or off; with a flow, the flow's

	Complaints bool `yaml:"complaints"` // about staff (S13-R12): its queue is the complaint centre's
}

// Greeting is the name of the prompt callers hear first; empty: none.
type Greeting string

// NightConfig is where callers go, after an announcement, while a hotline is closed.
type NightConfig struct {
	To   ivr.Destination `yaml:"to"`   // voicemail, callback, hangup or queue
	Name string          `yaml:"name"` // of the queue
}

// QueueConfig is where callers wait, and who serves them: the members and those
// of the departments, or every agent if both are empty. What the file leaves out
// is as in defaultQueue.
type QueueConfig struct {
	Name          string   `yaml:"name"`
	Members       []string `yaml:"members"`        // users
	Departments   []string `yaml:"departments"`    // whose agents are members, too
	Strategy      string   `yaml:"strategy"`       // whom to ring: ring_all, longest_idle, …
	Required      Skills   `yaml:"required"`       // for the strategy skills: who lacks one is not rung
	Wished        Skills   `yaml:"wished"`         // for the strategy skills: who has more of them is rung earlier
	RingTime      Duration `yaml:"ring_time"`      // of one round
	OverflowAfter Duration `yaml:"overflow_after"` // wait after which stand-ins (penalty in the directory) are rung too
	MaxWait       Duration `yaml:"max_wait"`       // until the caller is owed a callback instead
	WrapUp        Duration `yaml:"wrap_up"`        // what an agent has after each call to finish it
	TieWindow     Duration `yaml:"tie_window"`     // answers this close together go to the higher rank; 0: the first wins
	Weight        int      `yaml:"weight"`         // its callers count as having waited so many times as long
	Limit         int      `yaml:"limit"`          // callers waiting at once

	Music               []string         `yaml:"music"` // WAV files, or folders of them; empty: that of the house
	Announce            AnnounceConfig   `yaml:"announce"`
	CallbackOfferAfter  Duration         `yaml:"callback_offer_after"`  // wait after which a callback is offered, its place in line kept; 0: never
	StickyFor           Duration         `yaml:"sticky_for"`            // how long only the first-asker of a caller's open case is rung; 0: not at all
	CallbackOtherNumber bool             `yaml:"callback_other_number"` // callers may name another number than their own
	WhenFull            call.Disposition `yaml:"when_full"`             // announcement, voicemail, callback or queue:NAME
	WhenNobody          call.Disposition `yaml:"when_nobody"`           // no agent is there; wait too
	WhenWaited          call.Disposition `yaml:"when_waited"`           // after max_wait
	Voicemail           VoicemailConfig  `yaml:"voicemail"`
	Survey              string           `yaml:"survey"` // file of a flow after the call, instead of the hotline's; empty: that

	Recording RecordingConfig `yaml:"recording"`
}

// Skills are names of the directory, each with the least level that will do.
type Skills map[string]int

// AgentsConfig is about the agents of every queue.
type AgentsConfig struct {
	MaxMissed    int      `yaml:"max_missed"`    // phones that ring in vain so often in a row are paused; 0: never
	PauseReasons []string `yaml:"pause_reasons"` // the n-th is dialled as the code not_ready and n
	Metrics      bool     `yaml:"metrics"`       // figures of each agent, by user
}

// TrunkConfig is a peer that brings calls from outside.
type TrunkConfig struct {
	Name          string `yaml:"name"`
	Peers         []Peer `yaml:"peers"`     // its signalling addresses
	Country       string `yaml:"country"`   // of national numbers, two letters
	AreaCode      string `yaml:"area_code"` // of local numbers, without the leading 0
	TrustIdentity bool   `yaml:"trust_identity"`
	NAT           bool   `yaml:"nat"`

	Outbound *TrunkOutboundConfig `yaml:"outbound"` // nil: it brings calls only
	Channels int                  `yaml:"channels"` // calls the provider allows at once, for the metrics; 0: not known
	DTMF     string               `yaml:"dtmf"`     // rfc4733 (empty), or inband: keys come as tones in the audio, too. INFO is always taken

	SecurityConfig `yaml:",inline"`
}

// HTTPConfig says where the console and the metrics are served. Empty: not at all.
type HTTPConfig struct {
	Console string `yaml:"console"`
	Metrics string `yaml:"metrics"`
}

// Default is the configuration of a first try: everything on loopback, and
// loopback is the trunk.
func Default() Config {
	return Config{
		Node: 1, TimeZone: "Asia/Shanghai", Language: "zh-CN", Data: defaultData(), Profile: "none", Calendar: "china",
		SIP:      SIPConfig{Address: Address{netip.AddrFrom4([4]byte{127, 0, 0, 1})}, UDP: 5060, TCP: 5060, TLS: 5061},
		RTP:      RTPConfig{Ports: PortRange{10000, 20000}, MediaTimeout: Duration(20 * time.Second)},
		Hotlines: []HotlineConfig{defaultHotline("12345")},
		Queues:   []QueueConfig{defaultQueue("hotline")},
		Agents:   AgentsConfig{PauseReasons: []string{"lunch", "training", "meeting", "paperwork"}},
		Trunks: []TrunkConfig{{
			Name: "loopback", Peers: []Peer{{netip.MustParsePrefix("127.0.0.0/8")}}, Country: "CN", TrustIdentity: true,
		}},
		Callers:  CallersConfig{Repeat: RepeatConfig{Calls: 3, Within: Duration(24 * time.Hour)}},
		Outbound: defaultOutbound(), Callbacks: defaultCallbacks(),
		HTTP:         HTTPConfig{Console: "127.0.0.1:8080", Metrics: "127.0.0.1:8081"},
		Notify:       NotifyConfig{Phones: true, Mail: MailConfig{Security: "starttls"}},
		Codes:        call.DefaultCodes(),
		DrainTimeout: Duration(time.Minute),
	}
}

func defaultHotline(number string) HotlineConfig {
	return HotlineConfig{
		Number: number, Queue: "hotline", Greeting: "greeting", CallbackWithin: Duration(30 * time.Minute),
		Night: NightConfig{To: ivr.ToCallback}, Emergency: "9",
	}
}

func defaultQueue(name string) QueueConfig {
	return QueueConfig{
		Recording: defaultRecording(),
		Name:      name, Strategy: "ring_all", RingTime: Duration(20 * time.Second), OverflowAfter: Duration(20 * time.Second),
		MaxWait: Duration(3 * time.Minute), Weight: 1, Limit: 500,
		Announce: AnnounceConfig{Position: true, Every: Duration(45 * time.Second)}, CallbackOfferAfter: Duration(time.Minute),
		StickyFor: Duration(12 * time.Second),
		WhenFull:  call.Announcement, WhenNobody: call.Wait, WhenWaited: call.Announcement,
		Voicemail: VoicemailConfig{Longest: Duration(2 * time.Minute), Silence: Duration(5 * time.Second), Retention: Retention(90 * 24 * time.Hour)},
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

// domain is the SIP domain: the configured one, else the address.
func (c SIPConfig) domain() string {
	if c.Domain != "" {
		return c.Domain
	}
	return c.Address.String()
}

// numbers are what the configuration lets people dial, with what it is.
func (c Config) numbers() map[string]string {
	all := map[string]string{}
	for _, code := range c.dutyCodes() {
		all[code] = "a feature code"
	}
	for _, h := range c.Hotlines {
		all[h.Number] = "a hotline"
		for _, a := range h.Aliases {
			all[a] = "a hotline"
		}
	}
	return all
}

// dutyCodes are what agents dial to say whether they want calls.
func (c Config) dutyCodes() (all []string) {
	if code := c.Codes[call.Ready]; code != "" {
		all = append(all, code)
	}
	if code := c.Codes[call.NotReady]; code != "" {
		all = append(all, code)
		for i := range c.Agents.PauseReasons {
			all = append(all, code+strconv.Itoa(i+1))
		}
	}
	return all
}

// languages are those callers may hear, the organisation's first.
func (c Config) languages() []string {
	return append([]string{c.Language}, c.Languages...)
}

// path is where a file is that the configuration names.
func (c Config) path(file string) string {
	if filepath.IsAbs(file) {
		return file
	}
	return filepath.Join(c.dir, file)
}

// callbackWithin is the promise to a caller of whom nobody knows any more which
// hotline he called: the shortest.
func (c Config) callbackWithin() time.Duration {
	shortest := slices.MinFunc(c.Hotlines, func(a, b HotlineConfig) int { return cmp.Compare(a.CallbackWithin, b.CallbackWithin) })
	return time.Duration(shortest.CallbackWithin)
}

// queue is the queue as the board serves it, with the agents of the directory.
func (q QueueConfig) queue(d cases.Directory) acd.Queue {
	strategy, _ := acd.Named(q.Strategy, rand.Uint64()) // checked
	all := len(q.Members) == 0 && len(q.Departments) == 0
	members := []string{}
	for _, p := range d.People {
		if p.Has(cases.RoleAgent) && (all || slices.Contains(q.Members, p.User) || slices.Contains(q.Departments, p.Department)) {
			members = append(members, p.User)
		}
	}
	return acd.Queue{
		Name: q.Name, Members: members, Strategy: strategy, Required: q.Required, Wished: q.Wished, Weight: q.Weight, Limit: q.Limit,
		RingTime: time.Duration(q.RingTime), OverflowAfter: time.Duration(q.OverflowAfter),
		MaxWait: time.Duration(q.MaxWait), WrapUp: time.Duration(q.WrapUp), TieWindow: time.Duration(q.TieWindow),
		Attended: q.WhenNobody != call.Wait,
	}
}
