package media

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

const (
	slotsPerFrame = 4 // sessions are spread over them, so that not all are sent at once
	slotTime      = frameTime / slotsPerFrame
	maxCatchUp    = 3 // frames sent late in one go; of more, the time is given up
)

// PlayResult says how a playback ended. It becomes a metric label, so the set
// is closed.
type PlayResult string

// The results of a playback.
const (
	PlayCompleted   PlayResult = "completed"
	PlayInterrupted PlayResult = "interrupted" // stopped, or another speaker took over
)

// Pacer plays prompts and mixes, a frame every 20 ms for each session, on
// deadlines that do not drift. Its work is spread over GOMAXPROCS goroutines.
type Pacer struct {
	// Played is told how each playback ended; it must not block. nil: nobody is. Set
	// it before the first.
	Played func(*Prompt, PlayResult)

	shards []*shard
	next   atomic.Uint32
}

// NewPacer returns a pacer, which plays while Run runs.
func NewPacer() *Pacer {
	p := &Pacer{shards: make([]*shard, runtime.GOMAXPROCS(0))}
	for i := range p.shards {
		p.shards[i] = &shard{wake: make(chan struct{}, 1)}
	}
	return p
}

// Run paces until ctx ends; then every playback is interrupted and every mixer
// closed. Call it once.
func (p *Pacer) Run(ctx context.Context) error {
	var all sync.WaitGroup
	for _, sh := range p.shards {
		all.Go(func() { sh.run(ctx) })
	}
	all.Wait()
	return context.Cause(ctx)
}

// Play begins to send pr, over and over with loop, from s, in place of whatever
// s sent before. It begins within 20 ms.
func (p *Pacer) Play(s *Session, pr *Prompt, loop bool) *Playback {
	pb := &Playback{session: s, prompt: pr, loop: loop, played: p.Played, done: make(chan struct{})}
	s.tx.claim(pb)
	p.add(pb)
	return pb
}

func (p *Pacer) add(t turn) { p.shards[int(p.next.Add(1))%len(p.shards)].add(t) }

// turn is what has something to send every 20 ms. A shard calls its methods, one
// at a time.
type turn interface {
	// step sends what is due, skipped frame times later than right after the
	// step before; false when nothing will ever be due again.
	step(skipped int) bool
	// interrupt ends it, because nobody will step any more.
	interrupt()
}

// Playback is one prompt playing in one session.
type Playback struct {
	session *Session
	prompt  *Prompt
	loop    bool
	played  func(*Prompt, PlayResult) // nil: nobody is told
	done    chan struct{}
	once    sync.Once
	result  PlayResult // set before done is closed

	pos int // next frame; owned by the shard
}

// Stop ends the playback: once it has returned, nothing of it is sent.
// Idempotent.
func (pb *Playback) Stop() { pb.finish(PlayInterrupted) }

// Done is closed when the playback has ended: 20 ms after its last frame was
// sent, or at once when it was interrupted.
func (pb *Playback) Done() <-chan struct{} { return pb.done }

// Result returns how the playback ended. Call it when Done is closed.
func (pb *Playback) Result() PlayResult { return pb.result }

func (pb *Playback) finish(r PlayResult) {
	pb.once.Do(func() {
		pb.session.tx.release(pb)
		pb.result = r
		close(pb.done)
		if pb.played != nil {
			pb.played(pb.prompt, r)
		}
	})
}

func (pb *Playback) interrupt() { pb.finish(PlayInterrupted) }

// step implements turn.
func (pb *Playback) step(skipped int) bool {
	if pb.pos == pb.prompt.frames {
		if !pb.loop || pb.prompt.frames == 0 {
			pb.finish(PlayCompleted)
			return false
		}
		pb.pos = 0
	}
	if !pb.session.tx.frame(pb, skipped) {
		pb.finish(PlayInterrupted)
		return false
	}
	pb.pos++
	return true
}

// encode implements voice.
func (pb *Playback) encode(dst []byte, c Codec) { copy(dst, pb.prompt.frame(c, pb.pos)) }

// shard is one goroutine's share of the turns.
type shard struct {
	wake chan struct{} // something is new

	mu      sync.Mutex // guards the following fields
	new     []turn
	stopped bool

	// Owned by run.
	slots [slotsPerFrame][]seat
	count int
}

// seat is a turn in its slot.
type seat struct {
	turn
	skipped int // frame times given up before its next step
}

func (sh *shard) add(t turn) {
	sh.mu.Lock()
	stopped := sh.stopped
	if !stopped {
		sh.new = append(sh.new, t)
	}
	sh.mu.Unlock()
	if stopped {
		t.interrupt()
		return
	}
	select {
	case sh.wake <- struct{}{}:
	default:
	}
}

// run paces until ctx ends. It sleeps while there is nothing to pace.
func (sh *shard) run(ctx context.Context) {
	defer sh.interrupt()
	for {
		select {
		case <-sh.wake:
		case <-ctx.Done():
			return
		}
		if sh.play(ctx) != nil {
			return
		}
	}
}

// play paces until nothing is left to play.
func (sh *shard) play(ctx context.Context) error {
	begin, slot := time.Now(), int64(0) // slot is due at begin + slot*slotTime
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		sh.admit()
		due := int64(time.Since(begin) / slotTime)
		frames := givenUp(due - slot)
		sh.skip(frames)
		slot += int64(frames) * slotsPerFrame
		for ; slot <= due; slot++ {
			sh.step(int(slot % slotsPerFrame))
		}
		if sh.count == 0 {
			return nil
		}
		timer.Reset(time.Until(begin.Add(time.Duration(slot) * slotTime)))
	}
}

// givenUp returns how many whole frame times are skipped when the shard is late
// by a number of slots.
func givenUp(late int64) int {
	return int(max(late/slotsPerFrame-maxCatchUp, 0))
}

// admit gives new turns seats in the emptiest slots.
func (sh *shard) admit() {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	for _, t := range sh.new {
		least := 0
		for i := range sh.slots {
			if len(sh.slots[i]) < len(sh.slots[least]) {
				least = i
			}
		}
		sh.slots[least] = append(sh.slots[least], seat{turn: t})
		sh.count++
	}
	clear(sh.new)
	sh.new = sh.new[:0]
}

// skip gives up frames of time in every turn.
func (sh *shard) skip(frames int) {
	if frames == 0 {
		return
	}
	for _, slot := range sh.slots {
		for i := range slot {
			slot[i].skipped += frames
		}
	}
}

// step steps the turns of a slot.
func (sh *shard) step(i int) {
	slot := sh.slots[i]
	kept := slot[:0]
	for _, s := range slot {
		if s.step(s.skipped) {
			kept = append(kept, seat{turn: s.turn})
		}
	}
	clear(slot[len(kept):])
	sh.count -= len(slot) - len(kept)
	sh.slots[i] = kept
}

// interrupt ends what is left when the shard stops.
func (sh *shard) interrupt() {
	sh.mu.Lock()
	sh.stopped = true
	sh.mu.Unlock()
	sh.admit()
	for _, slot := range sh.slots {
		for _, s := range slot {
			s.interrupt()
		}
	}
}
