package main

import (
	"context"

	"shouwen/cases/store"
	"shouwen/sip"
)

// bindings keeps the registrar's bindings in PostgreSQL.
type bindings struct{ store *store.Store }

// Save implements sip.Bindings.
func (b bindings) Save(ctx context.Context, all []sip.Binding) error {
	return b.store.SaveBindings(ctx, toStore(all))
}

// Remove implements sip.Bindings.
func (b bindings) Remove(ctx context.Context, all []sip.Binding) error {
	return b.store.RemoveBindings(ctx, toStore(all))
}

// Load implements sip.Bindings.
func (b bindings) Load(ctx context.Context) ([]sip.Binding, error) {
	kept, err := b.store.Bindings(ctx)
	all := make([]sip.Binding, len(kept))
	for i, k := range kept {
		all[i] = sip.Binding(k)
	}
	return all, err
}

func toStore(all []sip.Binding) []store.Binding {
	kept := make([]store.Binding, len(all))
	for i, b := range all {
		kept[i] = store.Binding(b)
	}
	return kept
}
