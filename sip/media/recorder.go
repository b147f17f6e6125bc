package media

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

const (
	recorderRing = 128                    // slots a party: what comes while the disk stalls for 2.5 s
	recorderTick = 400 * time.Millisecond // between writes
	recorderStep = 400 * 8                // samples that are put on the tape in one go
	recorderLag  = 300 * 8                // samples after which no packet is waited for
	spaceEvery   = 12                     // ticks between looks at the disk
)

// Side is the channel of a recording.
type Side uint8

// The sides: by custom the caller is left, the agent right.
const (
	Left Side = iota
	Right
	Both // of a recording of one party
)

// Pause is a stretch of a recording that was left out on purpose, from its
// beginning.
type Pause struct{ From, Until time.Duration }

// RecInfo says what became of a recording.
type RecInfo struct {
	Path     string
	Duration time.Duration // pauses included
	Bytes    int64         // of the file
	Dropped  uint64        // packets lost because the disk was slow, or later than a jitter of 200 ms explains
	Gaps     int           // holes in what a side said, filled with silence, but for pauses
	Paused   []Pause       // silence on both sides; marked in the file as regions
}

// Recorder writes what sessions hear into a WAV file: stereo, 16-bit PCM, 8 kHz.
// It goes by sessions, not by bridges, so it outlasts transfers; several on one
// side are added up. Sessions never wait for it. When the process is killed, the
// file can be played up to 0.7 s before; [Repair] cuts it clean.
//
// Run owns the file. The other methods may be called from any goroutine.
type Recorder struct {
	path    string
	minFree uint64
	begin   time.Time
	paused  atomic.Bool
	closing chan struct{}
	once    sync.Once
	done    chan struct{} // closed when info and err are set
	info    RecInfo
	err     error

	mu     sync.Mutex // guards the following fields
	tracks []*track
	pauses []Pause // the last one without end while paused is set
	ended  bool

	// Owned by Run.
	file    *stereoFile
	tape    *tape
	reached int64 // position up to which tracks are on the tape
	dropped uint64
	buf     []byte
}

// track is one session of a recording.
type track struct {
	rec     *Recorder
	session *Session
	side    Side
	in      *ring // from the session's reader
	line    timeline
	gone    bool // no longer recorded; guarded by the recorder's lock
}

// WriteRTP implements Sink.
func (t *track) WriteRTP(p *Packet) {
	if !p.Event && !t.rec.paused.Load() {
		t.in.write(p)
	}
}

// Record begins a recording of nobody into a new file, readable by its owner
// only. The caller makes up the path, never from what came over the network.
// The recording ends by itself when less than minFree octets are left on the
// disk: recordings that matter less have a higher one. The error is ErrNoSpace,
// or of the system. The caller runs Run and ends with Close.
func Record(path string, minFree uint64) (*Recorder, error) {
	r := &Recorder{path: path, minFree: minFree, begin: time.Now(), tape: newTape(),
		closing: make(chan struct{}), done: make(chan struct{})}
	err := r.room()
	if err == nil {
		r.file, err = createStereo(path)
	}
	if err != nil {
		return nil, explained(err)
	}
	return r, nil
}

// Add records what s hears on a side from now on, whatever s is bridged with.
func (r *Recorder) Add(s *Session, side Side) {
	r.Remove(s)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended {
		return
	}
	t := &track{rec: r, session: s, side: side, in: newRing(recorderRing)}
	r.tracks = append(r.tracks, t)
	s.Tap(t)
}

// Remove ends the recording of s, if it is recorded.
func (r *Recorder) Remove(s *Session) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, t := range r.tracks {
		if t.session == s && !t.gone {
			t.gone = true
			s.Untap(t)
		}
	}
}

// Pause records silence from now on, until Resume. Nothing said meanwhile is
// kept anywhere.
func (r *Recorder) Pause() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.paused.Swap(true) {
		r.pauses = append(r.pauses, Pause{From: time.Since(r.begin), Until: forever})
	}
}

// Resume ends a pause.
func (r *Recorder) Resume() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.paused.Swap(false) {
		r.pauses[len(r.pauses)-1].Until = time.Since(r.begin)
	}
}

const forever = time.Duration(1<<63 - 1)

// Close ends the recording, waits until it is safe on disk and says what became
// of it. The error is what ended it before, ErrNoSpace or of the system; what
// RecInfo says is in the file nevertheless. Run must run. Idempotent.
func (r *Recorder) Close() (RecInfo, error) {
	r.once.Do(func() { close(r.closing) })
	<-r.done
	return r.info, r.err
}

// Run writes until Close, until ctx ends, or until the disk fails; only then is
// there an error. Call it once.
func (r *Recorder) Run(ctx context.Context) error {
	defer close(r.done)
	err := r.write(ctx)
	r.leave()
	if err == nil {
		err = r.last()
	}
	paused := r.marks()
	if err = cmp.Or(err, r.file.finish(cues(paused))); err != nil {
		r.err = explained(err)
	}
	r.info = RecInfo{
		Path: r.path, Duration: duration(r.file.audio), Bytes: r.file.size(), Paused: paused,
		Dropped: r.dropped + r.tape.late, Gaps: r.tape.channels[Left].gaps + r.tape.channels[Right].gaps,
	}
	return r.err
}

// write writes until there is a reason to stop.
func (r *Recorder) write(ctx context.Context) error {
	tick := time.NewTicker(recorderTick)
	defer tick.Stop()
	for n := 1; ; n++ {
		select {
		case <-tick.C:
		case <-r.closing:
			return nil
		case <-ctx.Done():
			return nil
		}
		if err := r.advance(r.position(time.Now())); err != nil {
			return err
		}
		if n%spaceEvery == 0 {
			if err := r.room(); err != nil {
				return err
			}
		}
	}
}

// position returns where on the recording a moment is.
func (r *Recorder) position(at time.Time) int64 {
	return int64(at.Sub(r.begin) / (time.Second / 8000))
}

// advance writes what was said before position to, but for the last that may
// still change.
func (r *Recorder) advance(to int64) error {
	for r.reached < to {
		r.reached = min(r.reached+recorderStep, to)
		r.gather(r.reached)
		if err := r.flush(r.reached - recorderLag); err != nil {
			return err
		}
	}
	return nil
}

// gather puts on the tape what has arrived up to a position, and lets go of
// tracks that have no more.
func (r *Recorder) gather(to int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tracks = slices.DeleteFunc(r.tracks, func(t *track) bool {
		for c := t.in.peek(); c != nil; c = t.in.peek() {
			arrived := r.position(c.at)
			if arrived > to {
				return false
			}
			at := t.line.place(c, arrived)
			for side := Left; side <= Right; side++ {
				if t.side == side || t.side == Both {
					r.tape.put(side, at, c)
				}
			}
			t.in.drop()
		}
		if t.gone {
			r.dropped += t.in.dropped.Load()
		}
		return t.gone
	})
}

// flush writes the tape up to a position.
func (r *Recorder) flush(to int64) error {
	if to <= r.tape.from {
		return nil
	}
	r.buf = r.tape.cut(r.buf[:0], to, r.pausedWithin(r.tape.from, to))
	return r.file.append(r.buf)
}

// leave takes every session out of the recording.
func (r *Recorder) leave() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended = true
	for _, t := range r.tracks {
		t.session.Untap(t)
		t.gone = true
	}
}

// last writes what is left.
func (r *Recorder) last() error {
	if err := r.advance(r.position(time.Now())); err != nil {
		return err
	}
	r.gather(r.reached + maxStray)
	return r.flush(max(r.reached, r.tape.newest))
}

// pausedWithin reports whether a pause overlaps the positions from to to.
func (r *Recorder) pausedWithin(from, to int64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	begin, end := time.Duration(from)*time.Second/8000, time.Duration(to)*time.Second/8000
	return slices.ContainsFunc(r.pauses, func(p Pause) bool { return p.From < end && p.Until > begin })
}

// marks returns the pauses as far as the recording goes.
func (r *Recorder) marks() (out []Pause) {
	r.mu.Lock()
	defer r.mu.Unlock()
	end := duration(r.file.audio)
	for _, p := range r.pauses {
		if p.From < end {
			out = append(out, Pause{p.From, min(p.Until, end)})
		}
	}
	return out
}

// room is ErrNoSpace when the disk is nearly full.
func (r *Recorder) room() error {
	dir := filepath.Dir(r.path)
	free, err := FreeSpace(dir)
	if err == nil && free < r.minFree {
		err = fmt.Errorf("%d MiB left in %s: %w", free>>20, dir, ErrNoSpace)
	}
	return err
}

// explained says what a full disk means.
func explained(err error) error {
	if errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) {
		err = fmt.Errorf("%w: %w", ErrNoSpace, err)
	}
	return fmt.Errorf("recording: %w", err)
}
