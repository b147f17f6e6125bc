package sip

import "time"

// SetSecond makes the seconds of session timers and of waits after 491 last d.
func (c *Config) SetSecond(d time.Duration) { c.second = d }

// Legs is how many legs u has.
func (u *UA) Legs() int { return len(u.live()) }
