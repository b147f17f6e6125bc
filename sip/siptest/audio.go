package siptest

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"shouwen/sip/media"
)

const (
	frame     = 20 * time.Millisecond
	samples   = 160          // of a frame, at 8 kHz
	maxRecord = 8000 * 60    // samples kept of what came in
	hold      = 30 * samples // and at least kept when older ones go
)

// Audio is the media of a call: a socket that says a tone and digits every 20 ms
// and records what it hears. A manual phone gets one from Phone.NewAudio.
type Audio struct {
	conn     *net.UDPConn // nil with Config.NoAudio and Config.Media
	media    Media        // nil without Config.Media
	addr     netip.AddrPort
	codecs   []uint8
	patience time.Duration
	ssrc     uint32
	done     chan struct{}
	closing  sync.Once
	tasks    sync.WaitGroup

	mu        sync.Mutex // guards what follows: the reader, the sender and those who wait share it
	local     Direction  // as described last
	described string
	version   int
	remote    description
	sender
	receiver
	protection
	reporter reporter
}

// Media carries the audio of a call where Config.Media says so. Its methods are
// called from several goroutines.
type Media interface {
	Addr() netip.AddrPort                             // where it wants to hear; constant
	Connect(remote netip.AddrPort, payloadType uint8) // once, or again with every new offer and answer
	Close()                                           // once
}

// NewAudio opens a socket for a call that a script conducts. Close it.
func (p *Phone) NewAudio() (*Audio, error) { return newAudio(&p.cfg) }

func newAudio(cfg *Config) (*Audio, error) {
	local, err := netip.ParseAddrPort(cfg.Local)
	if err != nil {
		return nil, err
	}
	a := &Audio{
		addr: netip.AddrPortFrom(local.Addr(), 9), codecs: cfg.Codecs, patience: cfg.Patience,
		ssrc: rand.Uint32(), done: make(chan struct{}), protection: newProtection(cfg),
	}
	a.sender.tone, a.reporter = cfg.Tone, reporter{mode: cfg.RTCP, ssrc: a.ssrc, away: cfg.Away}
	a.sender.seq, a.sender.ts = uint16(rand.Uint32())>>1, rand.Uint32()
	if cfg.Media != nil {
		if a.media, err = cfg.Media(); err != nil {
			return nil, err
		}
		a.addr = a.media.Addr()
	}
	if cfg.NoAudio || cfg.Media != nil {
		return a, nil
	}
	a.conn, err = net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(local.Addr(), 0)))
	if err != nil {
		return nil, err
	}
	a.addr = a.conn.LocalAddr().(*net.UDPAddr).AddrPort()
	if err := a.reporter.listen(local.Addr()); err != nil {
		_ = a.conn.Close()
		return nil, err
	}
	if a.reporter.conn != nil {
		a.tasks.Go(a.reporter.run)
	}
	a.tasks.Go(a.read)
	return a, nil
}

// Close ends sending and recording; what was recorded stays readable.
func (a *Audio) Close() {
	a.closing.Do(func() {
		close(a.done)
		if a.conn != nil {
			_ = a.conn.Close()
		}
		a.reporter.close()
		if a.media != nil {
			a.media.Close()
		}
	})
	a.tasks.Wait()
}

// Addr is where the audio wants to hear.
func (a *Audio) Addr() netip.AddrPort { return a.addr }

// Media is what Config.Media made for the call, nil without.
func (a *Audio) Media() Media { return a.media }

// connect starts sending, or turns it to another address and codec.
func (a *Audio) connect(remote description, codec uint8) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	theirs, ours, err := a.choose(remote)
	if err == nil {
		err = a.secure(theirs, ours)
	}
	if err != nil {
		return err
	}
	started := a.remote.addr.IsValid()
	a.remote, a.codec = remote, codec
	if !started && a.conn != nil {
		a.tasks.Go(a.send)
	}
	if a.media != nil {
		a.media.Connect(remote.addr, codec)
	}
	return nil
}

// sender is what Audio says.
type sender struct {
	codec  uint8
	tone   int // Hz
	muted  bool
	lose   int       // packets to come that get lost
	spoke  time.Time // just before the last packet went
	at     int       // sample of the tone's second
	seq    uint16
	ts     uint32
	digits []digit
	packet [12 + samples]byte
}

// A digit is said for three frames, its end three times, then there is a pause of two:
// about the shortest that ITU-T Q.24 has a receiver take.
type digit struct {
	event byte
	how   pressing
	step  int
	said  chan<- struct{} // of the last digit, closed when it is over
}

const digitFrames, digitEnds, digitPause = 3, 3, 2

// send runs until Close. It keeps to the clock of its start, so it does not drift.
func (a *Audio) send() {
	next := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-a.done:
			return
		}
		a.sendFrame()
		next = next.Add(frame)
		timer.Reset(time.Until(next))
	}
}

func (a *Audio) sendFrame() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ts += samples
	a.at = (a.at + samples) % 8000
	says := a.local == SendRecv || a.local == SendOnly || a.local == HoldSession
	hears := a.remote.dir == SendRecv || a.remote.dir == RecvOnly
	if !says || !hears || a.muted || a.remote.addr.Addr().IsUnspecified() {
		return
	}
	if len(a.digits) > 0 && a.sendDigit() {
		return
	}
	copy(a.packet[12:], tone(a.tone, a.codec)[a.at:])
	a.transmit(a.codec, a.ts, samples)
}

// sendDigit says a step of the first digit (RFC 4733 2.5.1); in the pause after
// it returns false.
func (a *Audio) sendDigit() bool {
	d := &a.digits[0]
	step := d.step
	d.step++
	switch {
	case step >= digitFrames+digitEnds+digitPause:
		if d.said != nil {
			close(d.said)
		}
		a.digits = a.digits[1:]
		return false
	case step >= digitFrames+digitEnds:
		return false
	}
	if d.how != asEvent {
		audio := make([]int16, samples)
		if step < digitFrames {
			audio = dualTone(d.event, step*samples)
		}
		copy(a.packet[12:], media.Codec(a.codec).Encode(nil, audio))
		a.transmit(a.codec, a.ts, samples)
		if d.how == asTone {
			return true
		}
	}
	volume := byte(10)
	if step >= digitFrames {
		volume |= 0x80 // the end
	}
	a.packet[12], a.packet[13] = d.event, volume
	binary.BigEndian.PutUint16(a.packet[14:], uint16(min(step+1, digitFrames)*samples))
	pt := a.remote.event
	if step == 0 {
		pt |= 0x80 // marker
	}
	a.transmit(pt, a.ts-uint32(step)*samples, 4)
	return true
}

// transmit sends the packet's first n octets of payload.
func (a *Audio) transmit(pt uint8, ts uint32, n int) {
	a.seq++
	if a.lose > 0 {
		a.lose--
		return
	}
	a.spoke = time.Now()
	a.packet[0], a.packet[1] = 0x80, pt
	binary.BigEndian.PutUint16(a.packet[2:], a.seq)
	binary.BigEndian.PutUint32(a.packet[4:], ts)
	binary.BigEndian.PutUint32(a.packet[8:], a.ssrc)
	_, _ = a.conn.WriteToUDPAddrPort(a.seal(a.packet[:12+n]), a.remote.addr)
}

// Say changes the tone the audio says to hz; 0 is silence, in packets.
func (a *Audio) Say(hz int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.tone = hz
}

// Mute stops the packets, as a dead phone does, or lets them go on.
func (a *Audio) Mute(on bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.muted = on
}

// Lose has the network lose the next n packets.
func (a *Audio) Lose(n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.lose = n
}

// Spoke is a time just before the last packet went.
func (a *Audio) Spoke() time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.spoke
}

const keypad = "0123456789*#ABCD"

// pressing is how a key is told.
type pressing int

const (
	asEvent pressing = iota
	asTone
	asBoth
)

// Press says digits as RFC 4733 events and returns when the last one is over.
func (a *Audio) Press(ctx context.Context, digits string) error { return a.press(ctx, digits, asEvent) }

// PressTones says digits as tones in the audio, PressBoth as those and as events.
func (a *Audio) PressTones(ctx context.Context, digits string) error {
	return a.press(ctx, digits, asTone)
}

// PressBoth is PressTones and Press at once.
func (a *Audio) PressBoth(ctx context.Context, digits string) error {
	return a.press(ctx, digits, asBoth)
}

func (a *Audio) press(ctx context.Context, digits string, how pressing) error {
	said := make(chan struct{})
	a.mu.Lock()
	event := a.remote.event
	if how == asTone {
		event = 1 // they need nobody who takes them
	}
	if event != 0 && digits != "" {
		for i := range len(digits) {
			d := digit{event: byte(strings.IndexByte(keypad, digits[i])), how: how}
			if i == len(digits)-1 {
				d.said = said
			}
			a.digits = append(a.digits, d)
		}
	}
	a.mu.Unlock()
	if event == 0 {
		return fmt.Errorf("pressing %s: the far end takes no telephone-event", digits)
	}
	ctx, cancel := context.WithTimeout(ctx, a.patience)
	defer cancel()
	select {
	case <-said:
		return nil
	case <-a.done:
		return fmt.Errorf("pressing %s: the audio is closed", digits)
	case <-ctx.Done():
		return fmt.Errorf("pressing %s: %w", digits, ctx.Err())
	}
}
