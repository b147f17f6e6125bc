package sip

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"github.com/emiago/sipgo"
	msg "github.com/emiago/sipgo/sip"

	"shouwen/metrics"
)

const (
	dialTimeout    = 3 * time.Second
	writeTimeout   = 5 * time.Second
	dialledIdle    = 10 * time.Minute      // a connection we dialled, without traffic
	restartDelay   = 50 * time.Millisecond // before a listener that ended serves again
	receiveBuffer  = 4 << 20               // SO_RCVBUF of a UDP socket; the kernel may give less
	maxMessageSize = 64 << 10              // of sipgo's parser; inspect refuses long before
)

// TransportConfig says where SIP is spoken.
type TransportConfig struct {
	// Addresses to listen on. They name an interface's address, because a
	// socket on 0.0.0.0 or [::] does not know what to put into Via; port 0 is
	// any free port.
	UDP, TCP, TLS []netip.AddrPort

	// Certificate and Key are PEM files for TLS. Both empty: a self-signed
	// certificate is made in DataDir.
	Certificate, Key string
	DataDir          string

	// Trusted says whether an address belongs to a trunk: it is not limited as
	// a stranger. Safe from any goroutine.
	Trusted func(netip.Addr) bool

	limits limits // zero: defaultLimits

	trunkHosts []string // names of the servers that are dialled by TLS

	stray func(*msg.Response)          // gets the responses no transaction waits for; nil: nobody
	lost  func(string, netip.AddrPort) // told the network and peer of a connection its peer ended or left silent; nil: nobody
}

// limits bound what peers may cost. Strangers are peers that are no trunk and
// that we did not decide to contact.
type limits struct {
	sources  int           // changes of the source address until a UDP listener forgets them all
	handover time.Duration // how much longer sipgo knows them: transactions look up their source within it

	connections int           // of strangers, all together
	perAddress  int           // of strangers, from one address
	handshake   time.Duration // of TLS
	message     time.Duration // from a message's first byte to its last; also for the first message
	idle        time.Duration // a stranger's silence between messages
	linger      time.Duration // a connection that is gone is kept for sipgo, from its last message
}

var defaultLimits = limits{
	sources:     1 << 15, // sipgo keeps about 220 bytes for each
	handover:    2 * time.Second,
	connections: 4096,
	perAddress:  20,
	handshake:   5 * time.Second,
	message:     10 * time.Second,
	idle:        120 * time.Second,
	linger:      5 * time.Second,
}

// transport owns every SIP socket and the sipgo user agent behind them. What
// arrives passes admission before sipgo reads it; what leaves passes egress.
// Register handlers with ua between newTransport and run; they must run under
// panics. All methods are safe from any goroutine.
type transport struct {
	ua     *sipgo.UserAgent
	panics *panics

	cfg     TransportConfig
	metrics *metrics.Metrics
	log     *slog.Logger
	egress  *egress
	gate    *admission
	flows   *acceptedConns
	udp     []*udpSocket
	streams []*streamListener

	serving sync.WaitGroup // listeners not yet in sipgo's pool
	isReady chan struct{}
}

// newTransport binds every socket of cfg. Its error names the address and the
// remedy; no socket is left open then. The caller runs what it gets.
func newTransport(cfg TransportConfig, m *metrics.Metrics, log *slog.Logger) (*transport, error) {
	if cfg.limits == (limits{}) {
		cfg.limits = defaultLimits
	}
	if cfg.stray == nil {
		cfg.stray = func(*msg.Response) {}
	}
	if cfg.lost == nil {
		cfg.lost = func(string, netip.AddrPort) {}
	}
	sipgoLog.shared.target.Store(log)
	t := &transport{
		panics:  &panics{metrics: m, log: log},
		cfg:     cfg,
		metrics: m,
		log:     log,
		egress:  newEgress(),
		isReady: make(chan struct{}),
	}
	t.gate = newAdmission(cfg, t.egress, t.panics, m.SIP, log)
	t.flows = newAcceptedConns(cfg.limits, t.gate.known)
	err := t.bind()
	if err == nil {
		err = t.makeUA()
	}
	if err != nil {
		t.close()
		return nil, err
	}
	t.serving.Add(len(t.udp) + len(t.streams))
	return t, nil
}

func (t *transport) bind() error {
	for _, addr := range t.cfg.UDP {
		s, err := listenUDP(addr, t)
		if err != nil {
			return err
		}
		t.udp = append(t.udp, s)
		t.gate.own(s.local)
	}
	for _, addr := range t.cfg.TCP {
		l, err := listenStream("tcp", addr, nil, t)
		if err != nil {
			return err
		}
		t.streams = append(t.streams, l)
	}
	if len(t.cfg.TLS) == 0 {
		return nil
	}
	cert, err := newCertificate(t.cfg, t.log)
	if err != nil {
		return err
	}
	for _, addr := range t.cfg.TLS {
		l, err := listenStream("tls", addr, cert.serverConfig(), t)
		if err != nil {
			return err
		}
		t.streams = append(t.streams, l)
	}
	return nil
}

// makeUA builds sipgo's user agent. There is no sipgo.Client: whoever sends a
// request over UDP sets its Laddr to a listener, or it leaves from a new socket;
// over TCP and TLS it must not be set.
func (t *transport) makeUA() error {
	stream := func() *msg.TransportTCP {
		return &msg.TransportTCP{ReadTimeout: dialledIdle, WriteTimeout: writeTimeout, DialerCreate: t.egress.dialer}
	}
	parser := msg.NewParser()
	parser.MaxMessageLength = maxMessageSize
	ua, err := sipgo.NewUA(
		sipgo.WithUserAgent("Shouwen"),
		sipgo.WithUserAgentParser(parser),
		sipgo.WithUserAgentDNSResolver(noDNS),
		sipgo.WithUserAgentTransactionLayerOptions(msg.WithTransactionLayerUnhandledResponseHandler(t.cfg.stray)),
		sipgo.WithUserAgenTLSConfig(clientConfig(t.cfg.trunkHosts)),
		// The transports copy the other options when they are set: they come last.
		sipgo.WithUserAgentTransportLayerOptions(msg.WithTransportLayerTransports(msg.TransportsConfig{
			TCP: stream(),
			TLS: &msg.TransportTLS{TransportTCP: stream()},
		})),
	)
	if err != nil {
		return fmt.Errorf("SIP user agent: %w", err)
	}
	t.ua = ua
	return nil
}

// noDNS resolves nothing. Names are resolved where they are configured; sipgo
// would look up whatever a stranger writes into Via.
var noDNS = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
	return nil, errEgress
}}

// run serves until ctx ends, restarting listeners that end by themselves, then
// closes every socket, connection and transaction. It returns why ctx ended.
// Call it once.
func (t *transport) run(ctx context.Context) error {
	var wg sync.WaitGroup
	serve := func(f func(context.Context)) {
		wg.Add(1)
		t.panics.start("sip_listener", func() {
			defer wg.Done()
			f(ctx)
		})
	}
	for _, s := range t.udp {
		serve(s.run)
	}
	for _, l := range t.streams {
		serve(l.run)
	}
	t.panics.start("sip_ready", func() {
		t.serving.Wait()
		close(t.isReady)
	})
	<-ctx.Done()
	t.close()
	wg.Wait()
	return context.Cause(ctx)
}

func (t *transport) close() {
	for _, s := range t.udp {
		s.close()
	}
	for _, l := range t.streams {
		l.close()
	}
	if t.ua == nil {
		return
	}
	if err := t.ua.Close(); err != nil {
		t.log.Debug("SIP transports closed", "err", err)
	}
	t.flows.close()
}

// ready is closed when every listener serves; requests may be sent from then on.
func (t *transport) ready() <-chan struct{} { return t.isReady }

// addr returns the first bound address of network ("udp", "tcp", "tls"), or the
// zero AddrPort if there is none.
func (t *transport) addr(network string) netip.AddrPort {
	if network == "udp" && len(t.udp) > 0 {
		return t.udp[0].local
	}
	for _, l := range t.streams {
		if l.network == network {
			return l.local
		}
	}
	return netip.AddrPort{}
}

// owns says whether a is an address we listen on.
func (t *transport) owns(a netip.Addr) bool {
	for _, listening := range [][]netip.AddrPort{t.cfg.UDP, t.cfg.TCP, t.cfg.TLS} {
		for _, l := range listening {
			if l.Addr() == a {
				return true
			}
		}
	}
	return false
}

// allow makes peer (a trunk, a registered flow, a dialog's target) somebody the
// program may dial and send requests to, and no stranger to the limits. Each
// call is undone by one forget.
func (t *transport) allow(peer netip.AddrPort) { t.egress.allow(peer) }

func (t *transport) forget(peer netip.AddrPort) { t.egress.forget(peer) }

// hasFlow returns whether a request over network ("tcp", "tls") to remote would
// use a connection that is there. Without one sipgo would dial remote.
func (t *transport) hasFlow(network string, remote netip.AddrPort) bool {
	if t.flows.gone(network, remote) {
		return false
	}
	conn, err := t.ua.TransportLayer().GetConnection(network, remote.String())
	if err != nil {
		return false
	}
	_, _ = conn.TryClose() // gives back the reference GetConnection took
	return true
}

// drop counts a message or connection refused before SIP saw it.
func (t *transport) drop(reason string) { t.metrics.SIP.Dropped(reason) }

// restarted says that a listener ended by itself and serves again soon.
func (t *transport) restarted(network string, local netip.AddrPort, why error) {
	t.metrics.SIP.ListenerRestarted(network)
	t.log.Error("SIP listener ended and is restarted", "network", network, "address", local, "err", why)
}

// listenError names the address and what to do about err.
func listenError(network string, addr netip.AddrPort, err error) error {
	remedy := "configure another address"
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		remedy = fmt.Sprintf("another program has it (ss -lpn 'sport = :%d' names it): stop that or configure another port", addr.Port())
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		remedy = "no interface has this address (ip address lists them)"
	case errors.Is(err, syscall.EACCES):
		remedy = "ports below 1024 need CAP_NET_BIND_SERVICE: configure a higher one"
	}
	return fmt.Errorf("listen on %s %s: %w; %s", network, addr, err, remedy)
}

// checkListen refuses addresses sipgo cannot serve.
func checkListen(network string, addr netip.AddrPort) error {
	if !addr.IsValid() || addr.Addr().IsUnspecified() {
		return fmt.Errorf("listen on %s %s: a wildcard address cannot stand in SIP messages; name the interface's address", network, addr)
	}
	return nil
}
