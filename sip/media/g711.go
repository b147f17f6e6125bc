package media

import (
	"math/bits"
	"strconv"
)

// Codec is an audio encoding. Its value is the static RTP payload type of
// RFC 3551.
type Codec uint8

// The codecs that are decoded, encoded and turned into one another.
const (
	PCMU Codec = 0 // G.711 µ-law, 8 kHz
	PCMA Codec = 8 // G.711 A-law, 8 kHz
)

// String returns the encoding name of a=rtpmap.
func (c Codec) String() string {
	switch c {
	case PCMU:
		return "PCMU"
	case PCMA:
		return "PCMA"
	}
	return "codec " + strconv.Itoa(int(c))
}

// Decode appends the samples of payload to dst: one 16-bit sample a byte.
func (c Codec) Decode(dst []int16, payload []byte) []int16 {
	values := c.values()
	for _, b := range payload {
		dst = append(dst, values[b])
	}
	return dst
}

// values returns the sample of each octet.
func (c Codec) values() *[256]int16 {
	if c == PCMA {
		return &decodeALaw
	}
	return &decodeULaw
}

// Encode appends samples to dst, one byte a sample.
func (c Codec) Encode(dst []byte, samples []int16) []byte {
	encode := encodeULaw
	if c == PCMA {
		encode = encodeALaw
	}
	for _, v := range samples {
		dst = append(dst, encode(v))
	}
	return dst
}

// transcode turns payload, encoded by from, in place into to.
func transcode(payload []byte, from, to Codec) {
	if from == to {
		return
	}
	table := &uLawToALaw
	if from == PCMA {
		table = &aLawToULaw
	}
	for i, b := range payload {
		payload[i] = table[b]
	}
}

var (
	decodeULaw, decodeALaw [256]int16
	uLawToALaw, aLawToULaw [256]byte
)

func init() {
	for i := range 256 {
		decodeULaw[i] = linearULaw(byte(i))
		decodeALaw[i] = linearALaw(byte(i))
	}
	for i := range 256 {
		uLawToALaw[i] = encodeALaw(decodeULaw[i])
		aLawToULaw[i] = encodeULaw(decodeALaw[i])
	}
}

// uLawBias moves the 16-bit value so that every segment begins at a power of
// two; 14-bit G.711 has 33.
const uLawBias = 33 << 2

// linearULaw decodes one byte by ITU-T G.711 table 2.
func linearULaw(b byte) int16 {
	b = ^b
	v := (int16(b&0x0f)<<3+uLawBias)<<(b>>4&7) - uLawBias
	if b&0x80 != 0 {
		return -v
	}
	return v
}

// linearALaw decodes one byte by ITU-T G.711 table 1.
func linearALaw(b byte) int16 {
	b ^= 0x55
	v := int16(b&0x0f)<<4 + 8
	if segment := b >> 4 & 7; segment > 0 {
		v = (v + 0x100) << (segment - 1)
	}
	if b&0x80 == 0 {
		return -v
	}
	return v
}

func encodeULaw(sample int16) byte {
	v, sign := int(sample), byte(0)
	if v < 0 {
		v, sign = -v, 0x80
	}
	v = min(v, 32635) + uLawBias
	segment := bits.Len(uint(v)) - 8
	return ^(sign | byte(segment)<<4 | byte(v>>(segment+3)&0x0f))
}

func encodeALaw(sample int16) byte {
	v, sign := int(sample), byte(0x80)
	if v < 0 {
		v, sign = -v-1, 0
	}
	segment := max(bits.Len(uint(v))-8, 0)
	step := v >> (max(segment, 1) + 3) & 0x0f
	return (sign | byte(segment)<<4 | byte(step)) ^ 0x55
}
