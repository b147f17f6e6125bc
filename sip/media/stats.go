package media

import "time"

// Stats are the figures of one session since it was opened. Durations and
// codec are the latest values, the others only grow, Lost and FarLost excepted: a
// late packet makes up for a loss.
type Stats struct {
	PacketsIn, OctetsIn uint64 // RTP accepted, without duplicates; octets of payload
	Lost                uint64 // RFC 3550 A.3: expected less received
	Late                uint64 // accepted behind a newer one
	Duplicate           uint64
	Rejected            uint64 // RTP and RTCP from sources that are not the far end
	Forged              uint64 // SRTP and SRTCP that the key did not open, or heard before
	Malformed           uint64 // neither RTP nor RTCP
	Unknown             uint64 // RTP of the far end with a payload type not agreed

	PacketsOut, OctetsOut uint64 // RTP sent; octets of payload
	Dropped               uint64 // not forwarded: from before a switch of the source
	SendErrors            uint64

	Codec     Codec         // of the audio heard last
	Jitter    time.Duration // of what we hear (RFC 3550 A.8)
	FarLost   uint64        // of what the far end hears, as it reports
	FarJitter time.Duration
	RoundTrip time.Duration // network, from LSR and DLSR; 0: not known
}

// Since returns the growth from an earlier reading to st, never below zero; durations
// and codec stay those of st.
func (st Stats) Since(earlier Stats) Stats {
	for _, f := range []struct {
		now    *uint64
		before uint64
	}{
		{&st.PacketsIn, earlier.PacketsIn}, {&st.OctetsIn, earlier.OctetsIn},
		{&st.Lost, earlier.Lost}, {&st.Late, earlier.Late}, {&st.Duplicate, earlier.Duplicate},
		{&st.Rejected, earlier.Rejected}, {&st.Forged, earlier.Forged},
		{&st.Malformed, earlier.Malformed}, {&st.Unknown, earlier.Unknown},
		{&st.PacketsOut, earlier.PacketsOut}, {&st.OctetsOut, earlier.OctetsOut},
		{&st.Dropped, earlier.Dropped}, {&st.SendErrors, earlier.SendErrors}, {&st.FarLost, earlier.FarLost},
	} {
		*f.now -= min(*f.now, f.before)
	}
	return st
}

// addSource adds the counts of one source.
func (st *Stats) addSource(s *source) {
	st.Lost += s.lost()
	st.Late += s.late
	st.Duplicate += s.duplicate
}

// Stats returns the figures of the session so far. It may be called after Close.
func (s *Session) Stats() Stats {
	s.rx.mu.Lock()
	st := s.rx.stats
	st.Lost, st.Late, st.Duplicate = s.rx.past.Lost, s.rx.past.Late, s.rx.past.Duplicate
	st.addSource(&s.rx.src)
	st.Jitter = time.Duration(s.rx.src.jitter>>4) * time.Second / 8000
	s.rx.mu.Unlock()

	s.tx.mu.Lock()
	st.PacketsOut, st.OctetsOut = s.tx.packets, s.tx.octets
	st.Dropped, st.SendErrors = s.tx.dropped, s.tx.failed
	s.tx.mu.Unlock()
	st.Malformed = s.malformed.Load()
	return st
}
