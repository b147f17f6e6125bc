package media

import (
	"crypto/rand"
	"encoding/hex"
	"net/netip"
	"sync"
	"time"

	"github.com/pion/rtcp"
)

// reportEvery is the mean interval of RTCP reports; each one is spread over
// half to one and a half of it (RFC 3550 6.2).
const reportEvery = 5 * time.Second

// reports is where and when a session sends RTCP.
type reports struct {
	cname string // random (RFC 7022)

	mu     sync.Mutex // guards the following fields
	to     netip.AddrPort
	mux    bool // send from the RTP socket
	agreed netip.AddrPort
	remote netip.AddrPort // of RTP, as the SDP says
	next   time.Time
}

func newReports(now time.Time) reports {
	var b [12]byte
	rand.Read(b[:])
	return reports{cname: hex.EncodeToString(b[:]), next: now.Add(spread(b[0], reportEvery/2))}
}

// spread returns half to one and a half of mean, by a random byte.
func spread(random byte, mean time.Duration) time.Duration {
	return mean/2 + mean*time.Duration(random)/255
}

// apply takes over what was negotiated; to is where RTP goes now.
func (r *reports) apply(n Negotiated, to netip.AddrPort) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.mux, r.agreed, r.remote = n.Mux, n.RemoteRTCP, n.Remote
	r.to = r.beside(to)
}

// redirect follows RTP to a new address.
func (r *reports) redirect(to netip.AddrPort) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.to = r.beside(to)
}

// answer sends to where the far end's RTCP really comes from, if that is the
// host its RTP goes to.
func (r *reports) answer(from netip.AddrPort) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.mux && from.Addr() == r.to.Addr() {
		r.to = from
	}
}

// beside returns where RTCP goes when RTP goes to rtp. Locked.
func (r *reports) beside(rtp netip.AddrPort) netip.AddrPort {
	switch {
	case r.mux || rtp.Port() == 0:
		return rtp
	case rtp == r.remote && sendable(r.agreed):
		return r.agreed
	}
	return netip.AddrPortFrom(rtp.Addr(), rtp.Port()+1)
}

// due reports whether the next report is due, and if so sets the time of the
// one after it.
func (r *reports) due(now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now.Before(r.next) {
		return false
	}
	var b [1]byte
	rand.Read(b[:])
	r.next = now.Add(spread(b[0], reportEvery))
	return true
}

// isRTCP tells RTCP from RTP on one port by the packet type (RFC 5761 4).
func isRTCP(b []byte) bool { return len(b) >= 2 && b[1] >= 192 && b[1] <= 223 }

// receiveRTCP handles one datagram of RTCP.
func (s *Session) receiveRTCP(buf []byte, from netip.AddrPort, at time.Time) {
	s.arrived.Store(int64(at.Sub(s.begin)))
	if s.closed.Load() {
		return
	}
	from = netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
	if !s.rx.believes(from) {
		s.rx.reject()
		return
	}
	packets, err := rtcp.Unmarshal(buf)
	if err != nil {
		s.malformed.Add(1)
		return
	}
	s.heard.Store(int64(at.Sub(s.begin)))
	s.rc.answer(from)
	for _, p := range packets {
		switch p := p.(type) {
		case *rtcp.SenderReport:
			s.rx.heardSender(p, at)
			s.hearReports(p.Reports, at)
		case *rtcp.ReceiverReport:
			s.hearReports(p.Reports, at)
		}
	}
}

func (s *Session) hearReports(blocks []rtcp.ReceptionReport, at time.Time) {
	for _, b := range blocks {
		if b.SSRC == s.tx.rw.ssrc { // never changes: no lock
			s.rx.heardReport(b, uint32(s.ntp(at)>>16))
		}
	}
}

// sendReport sends SR or RR, with BYE if it is the last.
func (s *Session) sendReport(at time.Time, last bool) {
	s.rc.mu.Lock()
	to, conn := s.rc.to, s.rtcp
	if s.rc.mux {
		conn = s.rtp
	}
	s.rc.mu.Unlock()
	if to.Port() == 0 {
		return
	}
	ssrc := s.tx.rw.ssrc
	blocks := s.rx.reports(at)
	var report rtcp.Packet = &rtcp.ReceiverReport{SSRC: ssrc, Reports: blocks}
	if ts, packets, octets, ok := s.tx.progress(at); ok {
		report = &rtcp.SenderReport{
			SSRC: ssrc, NTPTime: s.ntp(at), RTPTime: ts,
			PacketCount: packets, OctetCount: octets, Reports: blocks,
		}
	}
	compound := []rtcp.Packet{report, rtcp.NewCNAMESourceDescription(ssrc, s.rc.cname)}
	if last {
		compound = append(compound, &rtcp.Goodbye{Sources: []uint32{ssrc}})
	}
	b, err := rtcp.Marshal(compound)
	if err != nil {
		s.log.Error("RTCP report", "err", err) // values of our own making
		return
	}
	conn.WriteToUDPAddrPort(b, to) // a report that cannot be sent is like one lost
}

// ntp returns at as an NTP timestamp (RFC 3550 4) that no step of the wall
// clock disturbs during the session.
func (s *Session) ntp(at time.Time) uint64 {
	const to1900 = 2208988800
	wall := uint64(s.begin.UnixNano() + int64(at.Sub(s.begin)))
	return (wall/1e9+to1900)<<32 | wall%1e9<<32/1e9
}
