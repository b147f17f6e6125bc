package call

import (
	"time"

	"shouwen/ivr/prompts"
	"shouwen/metrics"
	"shouwen/sip/media"
)

// forecast is what a waiting caller was told last of how long he has to wait. Nothing
// he hears contradicts it: a place or a number of minutes that has grown since is
// left out.
type forecast struct {
	position int // 0: none
	minutes  int // 0: none
}

// next returns what to tell of a place in line and the wait still ahead, rounded up
// to minutes; 0 is not told. Unknown are a position and a wait of 0.
func (f forecast) next(position int, wait time.Duration) (say forecast) {
	if position > 0 && (f.position == 0 || position <= f.position) {
		say.position = position
	}
	minutes := int((wait + time.Minute - 1) / time.Minute)
	if minutes > 0 && (f.minutes == 0 || minutes <= f.minutes) {
		say.minutes = minutes
	}
	return say
}

// note keeps what was told.
func (f *forecast) note(say forecast) {
	if say.position > 0 {
		f.position = say.position
	}
	if say.minutes > 0 {
		f.minutes = say.minutes
	}
}

// place returns the words for his place in line and the wait still ahead, as far as
// known and fit to be told.
func (c *Conversation) place() (said []prompts.Name) {
	if !c.waitsIn.AnnouncePosition || c.ticket == nil {
		return nil
	}
	say := c.forecast.next(c.ticket.Place())
	c.forecast.note(say)
	c.log.Debug("place told", "position", say.position, "minutes", say.minutes)
	if say.position > 0 {
		said = append(said, c.sounds.Say.Position(say.position)...)
	}
	if say.minutes > 0 {
		said = append(append(said, prompts.EstimatedWait), c.sounds.Say.Duration(time.Duration(say.minutes)*time.Minute)...)
	}
	return said
}

// announce tells a caller who waits what is due: his place and what the queue has to
// say again and again, and with it, once its time has come, that he may be called back. The first offer waits for
// no place to be told; without places it is the only one.
func (c *Conversation) announce(now time.Time) {
	places := c.waitsIn.AnnounceEvery > 0
	again := places && !now.Before(c.announceAt)
	offers := (again || !c.offered) && c.offersCallback(now)
	if !again && !offers {
		return
	}
	c.announceAt = now.Add(c.waitsIn.AnnounceEvery)
	var said []prompts.Name
	if places {
		said = c.place()
	}
	if again {
		said = append(said, c.waitsIn.Announcements...)
	}
	if offers {
		c.offered = true
		said = append(said, prompts.CallbackOffer)
	}
	if len(said) > 0 {
		c.play(append(c.words(said...), c.sounds.Music)...)
	}
}

// offersCallback tells whether the caller has waited so long that he may be called
// back instead, and can be.
func (c *Conversation) offersCallback(now time.Time) bool {
	after := c.waitsIn.OfferCallback
	return after > 0 && c.back == nil && now.Sub(c.entered) >= after && c.sw.keepsPlaces()
}

// words returns the recordings of names.
func (c *Conversation) words(names ...prompts.Name) []*media.Prompt {
	return c.sw.words(c.sounds, names...)
}

// words returns the recordings of names among sounds.
func (s *Switch) words(sounds Sounds, names ...prompts.Name) []*media.Prompt {
	all := make([]*media.Prompt, 0, len(names))
	for _, n := range names {
		if p := sounds.Words[n]; p != nil {
			all = append(all, p)
		} else {
			s.Metrics.Prompts.Played(metrics.PromptFailed)
		}
	}
	return all
}
