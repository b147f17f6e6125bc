package acd

import "time"

// Answer is an agent's phone that picked up.
type Answer struct {
	User string
	Rank int
	At   time.Time // of the 200 OK
}

// TieBreak says what made an answer win.
type TieBreak string

// The ways to win.
const (
	FirstOK    TieBreak = "first_200_ok" // was the first
	HigherRank TieBreak = "higher_rank"  // was the most senior of those who answered together (S34-R3)
)

// Pick decides who of those who answered is the first-asker. Answers count as
// together when they come at most window after the earliest; of these the highest
// rank wins, then the earliest. Window 0: the earliest wins. Tied names the others
// who answered together. There must be at least one answer; of answers at the same
// instant the one listed first is the earlier.
func Pick(answers []Answer, window time.Duration) (winner Answer, tied []Answer, why TieBreak) {
	earliest := answers[0]
	for _, a := range answers {
		if a.At.Before(earliest.At) {
			earliest = a
		}
	}
	if window == 0 {
		return earliest, nil, FirstOK
	}
	winner, why = earliest, FirstOK
	for _, a := range answers {
		if a.At.Sub(earliest.At) <= window && (a.Rank > winner.Rank || a.Rank == winner.Rank && a.At.Before(winner.At)) {
			winner = a
		}
	}
	for _, a := range answers {
		if a.User == winner.User || a.At.Sub(earliest.At) > window {
			continue
		}
		tied = append(tied, a)
		if a.Rank < winner.Rank {
			why = HigherRank
		}
	}
	return winner, tied, why
}
