package siptest

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"time"
)

// RTCP is where a phone answers sender reports, without SRTP.
type RTCP string

// The places of RTCP.
const (
	NoRTCP    RTCP = ""
	OwnRTCP   RTCP = "own" // at a port of its own, told by a=rtcp (RFC 3605)
	MuxedRTCP RTCP = "mux" // with RTP, where the far end agrees (RFC 5761)
)

// lines are its attributes in an SDP.
func (r *reporter) lines() string {
	switch {
	case r.mode == MuxedRTCP:
		return "a=rtcp-mux\r\n"
	case r.conn != nil:
		return fmt.Sprintf("a=rtcp:%d\r\n", r.conn.LocalAddr().(*net.UDPAddr).Port)
	}
	return ""
}

// reporter answers what the far end reports.
type reporter struct {
	mode RTCP
	conn *net.UDPConn // with OwnRTCP
	ssrc uint32
	away time.Duration
}

// listen opens the port of its own.
func (r *reporter) listen(host netip.Addr) (err error) {
	if r.mode == OwnRTCP {
		r.conn, err = net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(host, 0)))
	}
	return err
}

// close ends run.
func (r *reporter) close() {
	if r.conn != nil {
		_ = r.conn.Close()
	}
}

// run answers at the port of its own until close.
func (r *reporter) run() {
	buf := make([]byte, 1500)
	for {
		n, from, err := r.conn.ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		r.answer(r.conn, buf[:n], from)
	}
}

// answer sends a receiver report at once for a sender report, so that the far end knows
// the round trip.
func (r *reporter) answer(conn *net.UDPConn, b []byte, from netip.AddrPort) {
	if rr := ReceiverReport(b, r.ssrc); rr != nil {
		heard := binary.BigEndian.Uint32(rr[24:]) // in 1/65536 s
		binary.BigEndian.PutUint32(rr[24:], heard-uint32(r.away<<16/time.Second))
		_, _ = conn.WriteToUDPAddrPort(rr, from)
	}
}

// ReceiverReport is what ssrc answers at once to an RTCP packet if it is a sender report
// (RFC 3550 6.4), and nil to any other.
func ReceiverReport(b []byte, ssrc uint32) []byte {
	const senderReport, receiverReport = 200, 201
	if len(b) < 28 || b[0]>>6 != 2 || b[1] != senderReport {
		return nil
	}
	rr := make([]byte, 32)
	rr[0], rr[1], rr[3] = 0x81, receiverReport, 7
	binary.BigEndian.PutUint32(rr[4:], ssrc)
	copy(rr[8:12], b[4:8])    // whom it is about
	copy(rr[24:28], b[10:14]) // the middle of his NTP time
	return rr
}
