package acd

import "slices"

// post is a duty for which somebody is always there (S08-R3): its primaries, who
// have no penalty, or its stand-ins. Owned by Board.Run.
type post struct {
	name    string
	holders []*member
	vacant  bool // no primary is there: its stand-ins take their place
	empty   bool // nobody is there
	stale   bool // somebody has come or gone
}

// hold gives m his post.
func (b *Board) hold(m *member) {
	i := slices.IndexFunc(b.posts, func(p *post) bool { return p.name == m.Post })
	if i < 0 {
		i = len(b.posts)
		b.posts = append(b.posts, &post{name: m.Post, vacant: true, empty: true, stale: true})
	}
	m.post = b.posts[i]
	m.post.holders = append(m.post.holders, m)
}

// notePost keeps who fills the post. One that nobody fills any more is told.
func (b *Board) notePost(p *post) {
	was, vacant := p.empty, p.vacant
	p.vacant, p.empty, p.stale = true, true, false
	for _, m := range p.holders {
		if m.seen.present() {
			p.empty = false
			p.vacant = p.vacant && m.Penalty > 0
		}
	}
	if p.vacant != vacant {
		for _, m := range p.holders {
			for _, q := range m.lines {
				if m.seen == Ready && !slices.Contains(q.fresh, m) {
					q.fresh = append(q.fresh, m)
				}
			}
		}
	}
	switch {
	case p.empty && !was:
		b.log.Warn("post is empty: neither primary nor stand-in is there", "post", p.name)
	case was && !p.empty:
		b.log.Info("post is filled", "post", p.name)
	}
}

// standsIn tells whether m has the place of a primary who is not there.
func (m *member) standsIn() bool { return m.post != nil && m.post.vacant }
