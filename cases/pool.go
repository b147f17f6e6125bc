package cases

import "slices"

// poolPosts are the posts of those who may be first-asker, where that takes one.
var poolPosts = map[Pool]Party{
	PoolWindow: PartyWindow, "service_centre": PartyCSC, "designated": PartyDesignated, "filed": PartyDesignated, "acceptor": PartyDesignated,
}

// Admits tells whether p may be first-asker (X6).
func (f FirstAskers) Admits(p Person) bool {
	switch f.Pool {
	case "management", "on_duty_management":
		return p.Has(RoleLeader) || p.Has(RoleSupervisor)
	}
	post, needs := poolPosts[f.Pool]
	return !needs || slices.Contains(p.Posts, post)
}

// OffPool returns the users to whom a case is offered that user picks up who may not be
// first-asker; none: he may, or nobody may.
func (d Directory) OffPool(f FirstAskers, user string) (others []string) {
	if p, known := d.Person(user); f.OffPool != Warn || !known || f.Admits(p) {
		return nil
	}
	for _, p := range d.People {
		if f.Admits(p) {
			others = append(others, p.User)
		}
	}
	return others
}

// Take takes over a case that was picked up by somebody who may not be first-asker. Who
// picked up stays on record; who takes it answers for it (S19-R2).
type Take struct {
	Note string `json:"note,omitempty"`
}

// Kind returns MoveTake.
func (Take) Kind() MoveKind { return MoveTake }

func (m Take) do(d *decision) {
	d.flag(nil, []Flag{FlagOffPool})
	d.c.Handler = d.by.User
	d.responsible(d.by.User, "first-asker's post")
}
