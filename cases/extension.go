package cases

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// ExtensionRequest is somebody's wish for more time, as far as it has come.
type ExtensionRequest struct {
	At       time.Time // asked
	Until    time.Time
	Reason   string
	By       string  // user of who approved it, or was told of it
	Parties  []Party // what he is to the case; empty: nobody has approved yet
	ToldAt   time.Time
	Approved time.Time
}

// Errors of a request that has no effect (yet). The due time stays what it was.
var (
	ErrNoExtension  = errors.New("this policy knows no extension; promise the caller a time instead")
	ErrNotApproved  = errors.New("nobody who may has approved it")
	ErrCallerUntold = errors.New("the caller has not been told")
)

// Extends returns c with the extension r asks for, if p grants it. The error wraps
// ErrExtension, ErrNoExtension, ErrNotApproved or ErrCallerUntold, and c is unchanged.
// An extension is in force once everything is there, and must be so while c is in
// time: an approval or a word to the caller after that comes too late (S23-R17).
func (p Policy) Extends(c Clock, r ExtensionRequest, cal Calendar) (Clock, error) {
	x := p.Extension
	refuse := func(err error) (Clock, error) { return c, fmt.Errorf("extension of %s: %w", c.Kind, err) }
	inForce := r.At
	switch x.Mode {
	case NoExtension, ByPromise:
		return refuse(ErrNoExtension)
	case ByApproval, ByReport:
		if r.Approved.IsZero() || !slices.Contains(r.Parties, x.Approver) {
			return refuse(ErrNotApproved)
		}
		inForce = r.Approved
	}
	if x.RequiresCallerTold || x.Mode == ByAgreement {
		if r.ToldAt.IsZero() {
			return refuse(ErrCallerUntold)
		}
		if r.ToldAt.After(inForce) {
			inForce = r.ToldAt
		}
	}
	if x.Max != nil && r.Until.After(p.In(cal).Add(c.Due, *x.Max)) {
		return refuse(ErrExtension)
	}
	return c.Extend(Extension{At: inForce, Until: r.Until, Reason: r.Reason, By: r.By}, p.In(cal))
}
