package main

import (
	"encoding/binary"
	"math/rand/v2"
	"time"
)

// A stamp is the beginning of a payload we send. A server that forwards G.711
// unchanged forwards it too; one that transcodes or mixes destroys it.
type stamp struct {
	leg   uint32 // who sent it
	count uint32 // of the packets it sent before
	at    time.Time
}

const (
	frame       = 20 * time.Millisecond
	frameOctets = 160
	stampOctets = 24
	stampMagic  = 0x53774c64
)

// run tells our stamps from those of another process, whose legs we do not know.
var run = rand.Uint32()

func (s stamp) put(payload []byte) {
	binary.BigEndian.PutUint32(payload, stampMagic)
	binary.BigEndian.PutUint32(payload[4:], run)
	binary.BigEndian.PutUint32(payload[8:], s.leg)
	binary.BigEndian.PutUint32(payload[12:], s.count)
	binary.BigEndian.PutUint64(payload[16:], uint64(s.at.UnixNano()))
}

// readStamp returns the stamp of a payload; its leg is 0 when it is of another
// process. ok is false when there is none.
func readStamp(payload []byte) (s stamp, ok bool) {
	if len(payload) < stampOctets || binary.BigEndian.Uint32(payload) != stampMagic {
		return s, false
	}
	s.count = binary.BigEndian.Uint32(payload[12:])
	s.at = time.Unix(0, int64(binary.BigEndian.Uint64(payload[16:])))
	if binary.BigEndian.Uint32(payload[4:]) == run {
		s.leg = binary.BigEndian.Uint32(payload[8:])
	}
	return s, true
}
