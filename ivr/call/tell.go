package call

import (
	"context"
	"time"
)

// tellLimit is how long a text may take to the phones of a user.
const tellLimit = 10 * time.Second

// Tell shows a line of text on every phone of user, if any takes it. It returns at
// once.
func (s *Switch) Tell(user, text string) {
	s.wg.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), tellLimit)
		defer cancel()
		for _, b := range s.Phones.Contacts(user) {
			if err := s.Phones.Message(ctx, b, text); err != nil {
				s.Log.Info("text not shown", "user", user, "err", err) // many phones show none
			}
		}
	})
}
