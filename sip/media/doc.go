// Package media is the audio of a call: RTP sockets, bridges between legs,
// mixes, prompts, recordings, DTMF, G.711 and WAV. It knows nothing of SIP;
// package sip fills [Negotiated] from the SDP.
//
// # Concurrency
//
// A [Pool] hands out a [Session] per leg, and [Pool.Run] reads their sockets, RTP
// and RTCP. What a reader receives it passes on, in the same goroutine and without
// allocating, to the session's [Sink], which for a [Bridge] rewrites the packet in
// place and sends it from the other session. A Sink that waits holds up many
// sessions.
//
// The receiving half of a session (latch, statistics, digits) has one lock, the
// sending half (destination, sequence, timestamp) another. The receiving lock
// is never held while a Sink or a digit function runs, so sessions bridged in
// any shape cannot block one another. The sending lock is held over the write
// of one datagram, because the order of the sequence numbers is the order on
// the wire.
//
// What a session sends has one speaker at a time: a bridge, a playback or a
// mix. The last one to start takes over; what an earlier one still sends is
// dropped, and nothing is handed back when the last one ends.
//
// What a session receives can be tapped on the way to its Sink. A [Recorder] taps
// sessions, not bridges: the reader copies into a ring, a goroutine of the
// recording, [Recorder.Run], writes the file.
//
// [Pool.Run] also owns time for all sessions (RTCP reports, quarantine of returned
// ports), [Pacer.Run] owns the prompts and the mixes. Both must run for the
// package to work.
package media
