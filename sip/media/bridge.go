package media

// Bridge joins two sessions: what one hears, the other sends. Audio is
// transcoded where the codecs differ, telephone-events take the payload type the
// receiver asked for, and are left out if it asked for none.
type Bridge struct{ there, back *lane }

// lane is one direction of a bridge.
type lane struct {
	from *Session
	to   *Session
	sink Sink // the lane itself, as from holds it
}

// WriteRTP implements Sink: it sends p, in place, from the other session.
func (l *lane) WriteRTP(p *Packet) { l.to.tx.forward(l, p) }

// Connect bridges a and b, in place of whatever they heard and sent before.
// Connect(a, a) is an echo.
func Connect(a, b *Session) *Bridge {
	return &Bridge{there: connect(a, b), back: connect(b, a)}
}

func connect(from, to *Session) *lane {
	l := &lane{from: from, to: to}
	l.sink = l
	to.tx.claim(l)
	from.sink.Store(&l.sink)
	return l
}

// Disconnect ends the bridge: both sessions fall silent, unless something else
// has taken over meanwhile. Once it has returned, nothing of the bridge is sent.
func (b *Bridge) Disconnect() {
	for _, l := range []*lane{b.there, b.back} {
		l.from.sink.CompareAndSwap(&l.sink, nil)
		l.to.tx.release(l)
	}
}
