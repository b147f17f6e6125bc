package sip

import (
	"context"
	"maps"
	"slices"
	"time"
)

const (
	fileInterval = time.Second
	storeTimeout = 5 * time.Second
	storeBatch   = 500
	maxRetry     = 30 * time.Second
)

// keep owns the file, the expiry of bindings and the report of presence.
func (r *registrar) keep(ctx context.Context) error {
	present := make(map[string]bool) // users reported as registered
	var file lastKnown
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-r.wakeKeep:
		case <-timer.C:
		case <-ctx.Done():
			file.written = time.Time{}
			r.writeFile(&file, time.Now())
			return context.Cause(ctx)
		}
		now := time.Now()
		expiry := r.expire(now)
		r.announce(present)
		timer.Reset(earliest(expiry, r.writeFile(&file, now)).Sub(now))
	}
}

// earliest returns the earlier of two times of which zero means never.
func earliest(a, b time.Time) time.Time {
	switch {
	case a.IsZero() && b.IsZero():
		return time.Now().Add(time.Hour)
	case a.IsZero(), !b.IsZero() && b.Before(a):
		return b
	}
	return a
}

// expire removes what has expired and returns when the next will.
func (r *registrar) expire(now time.Time) time.Time {
	r.mu.RLock()
	next := r.nextExpiry
	r.mu.RUnlock()
	if next.IsZero() || next.After(now) {
		return next
	}
	r.removeFunc(func(b Binding) bool { return !b.Expires.After(now) })
	r.mu.Lock()
	defer r.mu.Unlock()
	r.nextExpiry = time.Time{}
	for _, bindings := range r.byUser {
		for _, b := range bindings {
			if r.nextExpiry.IsZero() || b.Expires.Before(r.nextExpiry) {
				r.nextExpiry = b.Expires
			}
		}
	}
	return r.nextExpiry
}

// announce reports users whose first contact came or whose last one went.
func (r *registrar) announce(present map[string]bool) {
	r.mu.Lock()
	changed := r.changed
	r.changed = make(map[string]struct{})
	is := make(map[string]bool, len(changed))
	for user := range changed {
		is[user] = len(r.byUser[user]) > 0
	}
	r.mu.Unlock()
	for user, registered := range is {
		if registered == present[user] {
			continue
		}
		if registered {
			present[user] = true
		} else {
			delete(present, user)
		}
		r.log.Info("presence", "user", cleanUser(user), "registered", registered)
		r.onChange(user, registered)
	}
}

// lastKnown is where keep stands with the file.
type lastKnown struct {
	written time.Time // last attempt
	failing bool
}

// writeFile writes the file if it is behind and a second has passed, and
// returns when it wants to be asked again; zero: when something changes.
func (r *registrar) writeFile(f *lastKnown, now time.Time) time.Time {
	r.mu.Lock()
	if r.cfg.Kept == "" || !r.dirty {
		r.mu.Unlock()
		return time.Time{}
	}
	if due := f.written.Add(fileInterval); due.After(now) {
		r.mu.Unlock()
		return due
	}
	bindings := slices.Concat(slices.Collect(maps.Values(r.byUser))...)
	r.dirty = false
	r.mu.Unlock()

	f.written = now
	err := writeLastKnown(r.cfg.Kept, bindings)
	if err != nil && !f.failing {
		r.log.Error("last known bindings not written, trying every second", "file", r.cfg.Kept, "err", err)
	}
	if f.failing = err != nil; !f.failing {
		return time.Time{}
	}
	r.mu.Lock()
	r.dirty = true
	r.mu.Unlock()
	return now.Add(fileInterval)
}

// replicate owns the store: what it knows is learnt once it answers, then it
// follows. At the end one last attempt is made.
func (r *registrar) replicate(ctx context.Context) error {
	retry := time.Duration(0)
	loaded := false
	for {
		err := r.sync(ctx, &loaded)
		switch {
		case err == nil:
			retry = 0
		case ctx.Err() != nil:
		case retry == 0:
			r.log.Warn("store of bindings is away, trying again", "err", err)
			retry = time.Second
		default:
			retry = min(2*retry, maxRetry)
		}
		if !r.pause(ctx, retry) {
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
			defer cancel()
			if loaded && r.sync(last, &loaded) != nil {
				r.log.Warn("store of bindings is behind the last known copy on disk")
			}
			return context.Cause(ctx)
		}
	}
}

// pause waits for a change, or for retry if that is set; false: ctx is over.
func (r *registrar) pause(ctx context.Context, retry time.Duration) bool {
	change, timer := r.wakeSync, make(<-chan time.Time)
	if retry > 0 {
		change, timer = nil, time.After(retry)
	}
	select {
	case <-change:
	case <-timer:
	case <-ctx.Done():
		return false
	}
	return true
}

// sync brings the store up to date, learning from it first if that is not done.
func (r *registrar) sync(ctx context.Context, loaded *bool) error {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	if !*loaded {
		found, err := r.store.Load(ctx)
		if err != nil {
			return err
		}
		r.learn(found, time.Now())
		*loaded = true
	}
	for {
		save, remove := r.takePending()
		if len(save)+len(remove) == 0 {
			return nil
		}
		if len(remove) > 0 {
			if err := r.store.Remove(ctx, remove); err != nil {
				r.returnPending(save, remove)
				return err
			}
		}
		if len(save) > 0 {
			if err := r.store.Save(ctx, save); err != nil {
				r.returnPending(save, nil)
				return err
			}
		}
	}
}

// takePending takes at most a batch of what the store has to follow.
func (r *registrar) takePending() (save, remove []Binding) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return takeSome(r.behind), takeSome(r.surplus)
}

func takeSome(m map[storeKey]Binding) (some []Binding) {
	for k, b := range m {
		if len(some) == storeBatch {
			break
		}
		some = append(some, b)
		delete(m, k)
	}
	return some
}

// returnPending puts back what the store did not take, unless the binding has
// changed since.
func (r *registrar) returnPending(save, remove []Binding) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, b := range save {
		if slices.ContainsFunc(r.byUser[b.User], b.equal) {
			r.behind[b.key()] = b
		}
	}
	for _, b := range remove {
		if !slices.ContainsFunc(r.byUser[b.User], func(c Binding) bool { return c.key() == b.key() }) {
			r.discard(b)
		}
	}
}
