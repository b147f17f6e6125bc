package day

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Difference is a figure of which a source says something else than was counted.
type Difference struct {
	Figure string `json:"figure"`
	Own    int    `json:"own"`
	Server int    `json:"server"`
	Source string `json:"source"`
}

// Comparison is of what was counted during a day with what the server says it is: what
// its processes saw since the comparison was made, and all that is in its database.
type Comparison struct {
	player  *Player
	sources [][]source // those of one group together make the figures
	ledgers Counts     // before the day
	figures []Counts   // of each group, likewise
}

// Compare begins a comparison. The player is open. Nodes are the metrics of the nodes,
// all of them; prometheus is a Prometheus that scrapes them. Either may be empty.
func Compare(ctx context.Context, p *Player, nodes []string, prometheus string) (*Comparison, error) {
	c := &Comparison{player: p}
	var group []source
	for _, url := range nodes {
		group = append(group, source{url: url})
	}
	if group != nil {
		c.sources = append(c.sources, group)
	}
	if prometheus != "" {
		c.sources = append(c.sources, []source{{url: prometheus, prometheus: true}})
	}
	var err error
	if c.ledgers, err = p.ledgers(ctx); err != nil {
		return nil, err
	}
	for _, group := range c.sources {
		all, err := figures(ctx, group)
		if err != nil {
			return nil, err
		}
		c.figures = append(c.figures, all.only(ofProcesses))
	}
	return c, nil
}

// ledgers counts what is on record.
func (p *Player) ledgers(ctx context.Context) (Counts, error) {
	list, err := p.api.cases(ctx, "")
	if err != nil {
		return nil, err
	}
	for i := range list {
		if list[i], err = p.api.read(ctx, list[i].Number); err != nil {
			return nil, err
		}
	}
	return recount(list, p.directory), nil
}

func figures(ctx context.Context, group []source) (Counts, error) {
	var all []sample
	for _, s := range group {
		some, err := s.read(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return sum(all, slices.Concat(ofPhones, ofLedgers)), nil
}

// less returns c without what was there before.
func (c Counts) less(before Counts) Counts {
	left := maps.Clone(c)
	for name, n := range before {
		left[name] -= n
	}
	return left
}

// Settle waits until nothing differs, for within at most: clocks run out and
// wrap-ups end when the day is over, and snapshots and scrapes take their time. It
// returns what was counted and what differs still.
func (c *Comparison) Settle(ctx context.Context, within time.Duration) (own Counts, differ []Difference, err error) {
	for end := time.Now().Add(within); ; {
		if own, differ, err = c.once(ctx); err != nil || len(differ) == 0 || time.Now().After(end) || !sleep(ctx, time.Second) {
			return own, differ, err
		}
	}
}

func (c *Comparison) once(ctx context.Context) (own Counts, differ []Difference, err error) {
	ledgers, err := c.player.ledgers(ctx)
	if err != nil {
		return nil, nil, err
	}
	seen := c.player.counts.now()
	own = ledgers.less(c.ledgers)
	maps.Copy(own, seen)
	maps.DeleteFunc(own, func(_ string, n int) bool { return n == 0 })

	all, err := c.player.api.scorecards(ctx)
	if err != nil {
		return own, nil, fmt.Errorf("scorecards of the server: %w", err)
	}
	differ = differences(ledgers.only(ofScorecards), all, "scorecards")
	for i, group := range c.sources {
		all, err := figures(ctx, group)
		if err != nil {
			return own, nil, fmt.Errorf("figures of the server: %w", err)
		}
		differ = append(differ, differences(seen, all.only(ofProcesses).less(c.figures[i]), group[0].url)...)
		differ = append(differ, differences(ledgers.only(ofDatabase), all.only(ofDatabase), group[0].url)...)
	}
	return own, differ, nil
}

// differences returns where a source says something else than was counted.
func differences(own, all Counts, source string) (differ []Difference) {
	both := Counts{}
	maps.Copy(both, own)
	maps.Copy(both, all)
	for _, name := range both.names() {
		if own[name] != all[name] {
			differ = append(differ, Difference{name, own[name], all[name], source})
		}
	}
	return differ
}
