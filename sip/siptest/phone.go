// Package siptest is a SIP phone on a socket of its own, for tests and load. It
// is written from the RFCs alone and shares no code with package sip, so that it
// can prove it wrong.
//
// A Phone answers by itself (Dial, Incoming, Answer, Hangup), or, Manual, sends
// only what the test tells it to (Expect, Reply, Send), with Dialog, Ack, Cancel
// and Response doing the bookkeeping a script does not want to get wrong. New
// makes a phone whose every error ends the test with the ladder so far.
package siptest

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// ErrClosed is returned by a phone that was closed or whose connection ended.
var ErrClosed = errors.New("phone is closed")

// Config says what a phone is. The zero value is a UDP phone without a server:
// its requests go to the host of their URI.
type Config struct {
	Network string      // "udp" (default), "tcp" or "tls"; a stream is dialled to Server
	Server  string      // ip:port where requests outside dialogs go
	Local   string      // ip:port of the socket, 127.0.0.1:0 by default
	TLS     *tls.Config // for tls

	User, Password string
	Domain         string        // of the own address, that of Server by default
	Algorithm      string        // the digest to answer with, "MD5" or "SHA-256"; by default the first offered
	Expires        time.Duration // of a registration, 1 h by default

	Manual bool        // nothing that comes is answered, and Send sends once; Do, Register and Dial still see their own requests through
	Answer func(*Call) // what to do with an incoming call, in a goroutine of its own; by default Incoming gets it

	Codecs  []uint8               // RTP payload types, 0 PCMU and 8 PCMA, in order of preference; {8, 0} by default
	NoAudio bool                  // calls have an SDP, but no socket behind it
	Media   func() (Media, error) // carries the audio of every call in the phone's stead; Config.Tone and what Audio records are void then
	Tone    int                   // whole Hz of what the phone says, 0 for silence
	SRTP    string                // profile of its offers, with keys: AVP if calls may go without, SAVP if not; "": no SRTP
	Suites  []string              // of SRTP, in order of preference; AES_CM_128_HMAC_SHA1_80 and AEAD_AES_128_GCM by default

	RTCP RTCP          // where it answers RTCP, or its Media does; not at all by default
	Away time.Duration // how much longer its RTCP makes the round trip than it is

	T1       time.Duration // RFC 3261 17.1.1.1, 500 ms by default
	Patience time.Duration // bounds every wait, 10 s by default
	Trace    int           // messages the ladder keeps, 1000 by default; negative: none, and Expect sees only what comes later
}

func (c *Config) complete() {
	set(&c.Network, "udp")
	set(&c.Local, "127.0.0.1:0")
	set(&c.User, "anonymous")
	set(&c.Expires, time.Hour)
	set(&c.T1, 500*time.Millisecond)
	set(&c.Patience, 10*time.Second)
	set(&c.Trace, 1000)
	if len(c.Codecs) == 0 {
		c.Codecs = []uint8{8, 0}
	}
	if len(c.Suites) == 0 {
		c.Suites = []string{"AES_CM_128_HMAC_SHA1_80", "AEAD_AES_128_GCM"}
	}
}

func set[T comparable](v *T, def T) {
	var zero T
	if *v == zero {
		*v = def
	}
}

// Phone is a SIP user agent. Its methods may be called from any goroutine; the
// goroutine in run owns all state below cmds.
type Phone struct {
	cfg    Config
	udp    *net.UDPConn // or
	stream net.Conn
	local  netip.AddrPort
	server netip.AddrPort // zero without one
	tag    string         // From-tag of requests outside dialogs; seeds the To-tags

	calling chan *Call // incoming calls nobody has taken yet
	closing context.CancelFunc
	tasks   sync.WaitGroup
	done    chan struct{} // closed when run has returned
	cmds    chan func()

	resent, repeated atomic.Uint64

	ladder   ladder
	clients  map[string]*clientTx // by branch and method
	servers  map[string]*serverTx
	stale    []expiry
	calls    map[string]*Call // by Call-ID and local tag
	register *Message         // the last REGISTER
}

// Listen opens the phone's socket and starts it. ctx bounds the dialling; the
// phone lives until Close.
func Listen(ctx context.Context, cfg Config) (*Phone, error) {
	cfg.complete()
	p := &Phone{
		cfg: cfg, tag: token(), calling: make(chan *Call, 256),
		done: make(chan struct{}), cmds: make(chan func()),
		ladder:  ladder{start: time.Now(), cap: cfg.Trace},
		clients: make(map[string]*clientTx), servers: make(map[string]*serverTx),
		calls: make(map[string]*Call),
	}
	if err := p.open(ctx); err != nil {
		return nil, fmt.Errorf("phone %s: %w", cfg.User, err)
	}
	set(&p.cfg.Domain, p.local.String())
	if p.server.IsValid() && cfg.Domain == "" {
		p.cfg.Domain = cfg.Server
	}
	alive, cancel := context.WithCancel(context.Background())
	p.closing = cancel
	in := make(chan packet, 64)
	p.tasks.Go(func() { p.read(alive, in) })
	go p.run(alive, in)
	return p, nil
}

// Close ends the phone as a power cut does: no BYE, no un-REGISTER.
func (p *Phone) Close() {
	p.closing()
	if p.udp != nil {
		_ = p.udp.Close()
	} else {
		_ = p.stream.Close()
	}
	<-p.done
	p.tasks.Wait()
}

// Retransmissions returns how many messages the phone has sent again because no
// answer came in time, and how many came to it again.
func (p *Phone) Retransmissions() (sent, received uint64) {
	return p.resent.Load(), p.repeated.Load()
}

// Addr is the phone's own address, as in its Via and Contact.
func (p *Phone) Addr() netip.AddrPort { return p.local }

// run is the goroutine that owns the phone.
func (p *Phone) run(alive context.Context, in <-chan packet) {
	defer close(p.done)
	defer p.drop()
	for {
		select {
		case got, ok := <-in:
			switch {
			case !ok:
				return
			case got.err != nil:
				p.ladder.failed(got.err)
			default:
				p.receive(got.msg)
			}
		case f := <-p.cmds:
			f()
		case <-alive.Done():
			return
		}
	}
}

// drop stops what still runs for the calls and transactions of a closed phone.
func (p *Phone) drop() {
	p.closing()
	for _, tx := range p.clients {
		tx.again.stop()
	}
	for _, tx := range p.servers {
		tx.again.stop()
	}
	for _, c := range p.calls {
		c.end(nil)
	}
}

// do runs f in the phone's goroutine and waits for it.
func (p *Phone) do(f func()) error {
	ran := make(chan struct{})
	select {
	case p.cmds <- func() { f(); close(ran) }:
		<-ran
		return nil
	case <-p.done:
		return ErrClosed
	}
}

// post runs f in the phone's goroutine some time.
func (p *Phone) post(f func()) {
	select {
	case p.cmds <- f:
	case <-p.done:
	}
}

// Send puts m on the wire once, as it is; a request gets the Via, Max-Forwards,
// From-tag and Contact it lacks, so that sending it again is a retransmission.
func (p *Phone) Send(m *Message) (err error) {
	if gone := p.do(func() { err = p.send(m) }); gone != nil {
		return gone
	}
	return err
}

// SendRaw puts octets on the wire, to the server.
func (p *Phone) SendRaw(b []byte) error { return p.write(b, p.server) }

func (p *Phone) send(m *Message) error {
	_, _, err := p.emit(m)
	return err
}

// emit sends m and returns what went where.
func (p *Phone) emit(m *Message) (raw []byte, to netip.AddrPort, err error) {
	if m.Method != "" {
		p.fill(m)
	}
	m.At = time.Now()
	p.ladder.sent(m)
	if to, err = p.next(m); err != nil {
		return nil, to, err
	}
	raw = []byte(m.String())
	return raw, to, p.write(raw, to)
}

// fill adds what every request has and m lacks.
func (p *Phone) fill(m *Message) {
	if m.Get("Via") == "" {
		via := "SIP/2.0/" + strings.ToUpper(p.cfg.Network) + " " + p.local.String() + ";branch=z9hG4bK" + token() + ";rport"
		m.Fields = append([]Field{{"Via", via}}, m.Fields...)
	}
	if m.Get("Max-Forwards") == "" {
		m.Fields = append(m.Fields, Field{"Max-Forwards", "70"})
	}
	if m.Param("From", "tag") == "" {
		m.WithTag("From", p.tag)
	}
	switch m.Method {
	case "INVITE", "UPDATE", "REFER", "SUBSCRIBE", "REGISTER":
		if m.Get("Contact") == "" {
			m.Fields = append(m.Fields, Field{"Contact", p.Contact()})
		}
	}
	if m.Method == "INVITE" && m.Get("Allow") == "" {
		m.Fields = append(m.Fields, Field{"Allow", allow})
	}
}

const allow = "INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, INFO, NOTIFY, REFER, MESSAGE"

// Contact is the value of the phone's own Contact header.
func (p *Phone) Contact() string {
	transport := ""
	if p.stream != nil {
		transport = ";transport=" + p.cfg.Network
	}
	return "<sip:" + p.cfg.User + "@" + p.local.String() + transport + ">"
}

// Request returns a request outside dialogs, to a user of the server ("12345")
// or to a URI. It can be changed before it is sent.
func (p *Phone) Request(method, to string) *Message {
	if !strings.Contains(to, ":") {
		to = "sip:" + to + "@" + p.cfg.Domain
	}
	return &Message{Method: method, URI: to, Fields: []Field{
		{"From", "<sip:" + p.cfg.User + "@" + p.cfg.Domain + ">;tag=" + token()},
		{"To", "<" + to + ">"},
		{"Call-ID", token()},
		{"CSeq", "1 " + method},
	}}
}

// Reply answers req once and returns the response: with a To-tag that is the
// same for the whole call, a Contact, and the SDP unless it is "". Headers
// "Name: value" replace those.
func (p *Phone) Reply(req *Message, status int, sdp string, headers ...string) (*Message, error) {
	res := p.response(req, status, sdp).With(headers...)
	return res, p.Send(res)
}

func (p *Phone) response(req *Message, status int, sdp string) *Message {
	res := req.Response(status, p.tagFor(req)).WithSDP(sdp)
	if status > 100 && status < 300 && req.Method != "CANCEL" && req.Method != "BYE" {
		res.Fields = append(res.Fields, Field{"Contact", p.Contact()}, Field{"Allow", allow})
	}
	return res
}

// tagFor returns the To-tag of all the phone's responses to the call of req.
func (p *Phone) tagFor(req *Message) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(p.tag + req.Get("Call-ID")))
	return strconv.FormatUint(h.Sum64(), 36)
}

// token returns a fresh tag, branch or Call-ID.
func token() string { return strconv.FormatUint(rand.Uint64(), 36) }
