package media

import (
	"crypto/rand"
	"encoding/hex"
	"net/netip"
	"time"

	"github.com/pion/rtcp"
)

// reportEvery is the mean interval of RTCP reports; each one is spread over
// half to one and a half of it (RFC 3550 6.2).
const reportEvery = 5 * time.Second

// spread returns half to one and a half of mean, by chance.
func spread(mean time.Duration) time.Duration {
	return mean/2 + time.Duration(random(int(mean)))
}

// newCNAME returns a random one (RFC 7022).
func newCNAME() string {
	var b [12]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// besideRTP returns where RTCP goes when RTP goes to the address to.
func besideRTP(n Negotiated, to netip.AddrPort) netip.AddrPort {
	switch {
	case n.Mux || to.Port() == 0:
		return to
	case to == n.Remote && sendable(n.RemoteRTCP):
		return n.RemoteRTCP
	}
	return netip.AddrPortFrom(to.Addr(), to.Port()+1)
}

// isRTCP tells RTCP from RTP on one port by the packet type (RFC 5761 4).
func isRTCP(b []byte) bool { return len(b) >= 2 && b[1] >= 192 && b[1] <= 223 }

// receiveRTCP handles one datagram of RTCP.
func (s *Session) receiveRTCP(buf []byte, from netip.AddrPort, at time.Time) {
	s.arrived.Store(int64(at.Sub(s.begin)))
	if s.closed.Load() {
		return
	}
	from = unmapped(from)
	buf, ok := s.rx.receiveRTCP(buf, from)
	if !ok {
		return
	}
	packets, err := rtcp.Unmarshal(buf)
	if err != nil {
		s.malformed.Add(1)
		return
	}
	s.heard.Store(int64(at.Sub(s.begin)))
	s.tx.answerRTCP(from)
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
	to, mux := s.tx.rtcpAddr()
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
	compound := []rtcp.Packet{report, rtcp.NewCNAMESourceDescription(ssrc, s.cname)}
	if last {
		compound = append(compound, &rtcp.Goodbye{Sources: []uint32{ssrc}})
	}
	b, err := rtcp.Marshal(compound)
	if err == nil {
		b, err = s.tx.sealRTCP(b)
	}
	if err != nil {
		s.log.Error("RTCP report", "err", err) // values of our own making
		return
	}
	conn := s.rtcp
	if mux {
		conn = s.rtp
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
