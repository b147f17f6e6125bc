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
	all, err := p.ledgers(ctx)
	if err != nil {
		return nil, err
	}
	c.ledgers = recount(all, p.directory, time.Now()).only(ofDatabase)
	for _, group := range c.sources {
		all, _, err := figures(ctx, group)
		if err != nil {
			return nil, err
		}
		c.figures = append(c.figures, all.only(ofProcesses))
	}
	return c, nil
}

// ledgers returns all cases, with their ledgers.
func (p *Player) ledgers(ctx context.Context) ([]caseBody, error) {
	list, err := p.api.cases(ctx, "")
	if err != nil {
		return nil, err
	}
	for i := range list {
		if list[i], err = p.api.read(ctx, list[i].Number); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// figures returns those of a group, and the moment of those that are of the database.
func figures(ctx context.Context, group []source) (Counts, time.Time, error) {
	var all []sample
	for _, s := range group {
		some, err := s.read(ctx)
		if err != nil {
			return nil, time.Time{}, err
		}
		all = append(all, some...)
	}
	return sum(all, slices.Concat(ofPhones, ofLedgers)), taken(all), nil
}

// less returns c without what was there before.
func (c Counts) less(before Counts) Counts {
	left := maps.Clone(c)
	for name, n := range before {
		left[name] -= n
	}
	return left
}

// Settle waits until all sources tell of a moment at which the day was over and nothing
// differs, for within at most: Shouwen calls back and wrap-ups end after it, and
// snapshots and scrapes take their time. It returns what was counted and what differs
// still.
func (c *Comparison) Settle(ctx context.Context, within time.Duration) (own Counts, differ []Difference, err error) {
	over := time.Now()
	for {
		var oldest time.Time
		own, differ, oldest, err = c.once(ctx)
		settled := len(differ) == 0 && !oldest.Before(over)
		if err != nil || settled || time.Since(over) > within || !sleep(ctx, time.Second) {
			return own, differ, err
		}
	}
}

// once compares. Clocks run out while it does, and what the server says is of different
// moments: now, of its last snapshot, of what Prometheus scraped last. So each is held
// to the ledgers as they were at that moment, and they are read after all the others.
// Oldest is the first of these moments.
func (c *Comparison) once(ctx context.Context) (own Counts, differ []Difference, oldest time.Time, err error) {
	cards, cardsAt, err := c.player.api.scorecards(ctx)
	if err != nil {
		return nil, nil, oldest, fmt.Errorf("scorecards of the server: %w", err)
	}
	forms, entries, err := c.player.api.registers(ctx)
	if err != nil {
		return nil, nil, oldest, fmt.Errorf("registers of the server: %w", err)
	}
	said, moments := make([]Counts, len(c.sources)), make([]time.Time, len(c.sources))
	for i, group := range c.sources {
		if said[i], moments[i], err = figures(ctx, group); err != nil {
			return nil, nil, oldest, fmt.Errorf("figures of the server: %w", err)
		}
	}
	seen := c.player.counts.now()
	all, err := c.player.ledgers(ctx)
	if err != nil {
		return nil, nil, oldest, err
	}
	count := func(at time.Time) Counts { return recount(all, c.player.directory, at) }

	ledgers, oldest := count(cardsAt), slices.MinFunc(append(moments, cardsAt), time.Time.Compare)
	dealt, entered := ledgers.only(ofScorecards), enter(forms, all, c.player.directory, time.Now())
	differ = append(differences(dealt, cards, "scorecards"), differences(entered, entries, "registers")...)
	for i, group := range c.sources {
		ledgers = count(moments[i])
		differ = append(differ, differences(seen, said[i].only(ofProcesses).less(c.figures[i]), group[0].url)...)
		differ = append(differ, differences(ledgers.only(ofDatabase), said[i].only(ofDatabase), group[0].url)...)
	}
	own = ledgers.only(ofDatabase).less(c.ledgers) // as the last source has it
	for _, more := range []Counts{seen, dealt, entered} {
		maps.Copy(own, more)
	}
	maps.DeleteFunc(own, func(_ string, n int) bool { return n == 0 })
	return own, differ, oldest, nil
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
