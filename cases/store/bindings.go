package store

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/jackc/pgx/v5"

	"shouwen/cases"
)

// Binding is one registered contact of a user (RFC 3261 10), known by User and
// Contact. Its fields are those of the registrar's Binding.
type Binding struct {
	User      string
	Contact   string // URI without brackets
	Instance  string // +sip.instance (RFC 5626)
	RegID     int
	Path      []string // RFC 3327
	Transport string   // udp, tcp or tls
	Local     netip.AddrPort
	Remote    netip.AddrPort
	Expires   time.Time
	Updated   time.Time
	CallID    string
	CSeq      uint32
	Q         float32
	UserAgent string
	Node      int // holder of the flow
}

// compare compares what bindings are known by.
func (x Binding) compare(y Binding) int {
	return cmp.Or(cmp.Compare(x.User, y.User), cmp.Compare(x.Contact, y.Contact))
}

// SaveBindings inserts or replaces bindings.
func (s *Store) SaveBindings(ctx context.Context, bindings []Binding) error {
	var b pgx.Batch
	for _, x := range inOrder(bindings, Binding.compare) {
		path := list(x.Path)
		for i := range path {
			path[i] = cases.Clean(path[i])
		}
		b.Queue(`
			insert into binding (username, contact, instance, reg_id, path, transport, local, remote,
			                     expires, updated, call_id, cseq, q, user_agent, node)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
			on conflict (username, contact) do update set
				instance = excluded.instance, reg_id = excluded.reg_id, path = excluded.path, transport = excluded.transport,
				local = excluded.local, remote = excluded.remote, expires = excluded.expires, updated = excluded.updated,
				call_id = excluded.call_id, cseq = excluded.cseq, q = excluded.q, user_agent = excluded.user_agent,
				node = excluded.node`,
			cases.Clean(x.User), cases.Clean(x.Contact), cases.Clean(x.Instance), x.RegID, path, x.Transport,
			addrText(x.Local), addrText(x.Remote), x.Expires, x.Updated, cases.Clean(x.CallID), int64(x.CSeq), x.Q,
			cases.Clean(x.UserAgent), x.Node)
	}
	return s.send(ctx, "save bindings", &b)
}

// RemoveBindings removes bindings; absent ones are no error.
func (s *Store) RemoveBindings(ctx context.Context, bindings []Binding) error {
	var b pgx.Batch
	for _, x := range inOrder(bindings, Binding.compare) {
		b.Queue(`delete from binding where username = $1 and contact = $2`, cases.Clean(x.User), cases.Clean(x.Contact))
	}
	return s.send(ctx, "remove bindings", &b)
}

// Bindings returns all bindings that have not expired.
func (s *Store) Bindings(ctx context.Context) ([]Binding, error) {
	rows, err := s.db.Query(ctx, `
		select username, contact, instance, reg_id, path, transport, local, remote,
		       expires, updated, call_id, cseq, q, user_agent, node
		from binding where expires > now() order by username, contact`)
	return collect("bindings", rows, err, func(row pgx.CollectableRow) (x Binding, err error) {
		var local, remote string
		if err := row.Scan(&x.User, &x.Contact, &x.Instance, &x.RegID, &x.Path, &x.Transport, &local, &remote,
			&x.Expires, &x.Updated, &x.CallID, &x.CSeq, &x.Q, &x.UserAgent, &x.Node); err != nil {
			return x, err
		}
		if err := x.Local.UnmarshalText([]byte(local)); err != nil {
			return x, err
		}
		err = x.Remote.UnmarshalText([]byte(remote))
		return x, err
	})
}

// addrText returns a in the form UnmarshalText reads; empty for the zero one.
func addrText(a netip.AddrPort) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}

// send does all of b in one transaction.
func (s *Store) send(ctx context.Context, what string, b *pgx.Batch) error {
	err := pgx.BeginFunc(ctx, s.db, func(tx pgx.Tx) error { return tx.SendBatch(ctx, b).Close() })
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}
