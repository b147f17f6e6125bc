package sip

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"shouwen/sip/media"
)

var (
	errNotAcceptable = errors.New("session description not acceptable") // 488
	errOfferGlare    = errors.New("own offer awaits its answer")        // 491
	errOfferPending  = errors.New("an offer awaits our answer")         // 500 with Retry-After, RFC 3261 14.2
	errNoOffer       = errors.New("no offer to answer")
)

// offerStatus returns the SIP status that refuses an offer or a body for err.
func offerStatus(err error) int {
	switch {
	case errors.Is(err, errNotAcceptable):
		return 488
	case errors.Is(err, errSDP):
		return 400
	case errors.Is(err, errBodyType):
		return 415
	case errors.Is(err, errOfferGlare):
		return 491
	}
	return 500
}

// offerState is where a dialog stands between offer and answer.
type offerState string

const (
	offerStable   offerState = "stable"
	offerSent     offerState = "offer sent"
	offerReceived offerState = "offer received"
)

// offerEvent moves the state.
type offerEvent string

const (
	sendOffer     offerEvent = "send offer"
	receiveOffer  offerEvent = "receive offer"
	receiveEarly  offerEvent = "receive early answer"
	receiveAnswer offerEvent = "receive answer"
	sendAnswer    offerEvent = "send answer"
	offerRejected offerEvent = "offer rejected"
)

// nextOfferState is RFC 3264 section 4 and RFC 6337 section 2: an event not in the row of a
// state is refused with that state's error.
var nextOfferState = map[offerState]map[offerEvent]offerState{
	offerStable:   {sendOffer: offerSent, receiveOffer: offerReceived},
	offerSent:     {receiveEarly: offerSent, receiveAnswer: offerStable, offerRejected: offerStable},
	offerReceived: {sendAnswer: offerStable, offerRejected: offerStable},
}

var offerRefusal = map[offerState]error{
	offerStable:   errNoOffer,
	offerSent:     errOfferGlare,
	offerReceived: errOfferPending,
}

// offerAnswer is the offer/answer exchange of one dialog (RFC 3264, RFC 6337)
// for one audio stream. It does no I/O. The goroutine of the leg owns it.
type offerAnswer struct {
	local     netip.AddrPort
	codecs    []media.Codec // in order of preference
	srtp      SRTP
	sessionID uint64

	state    offerState
	agreed   agreement // what the last finished round settled
	offered  agreement // offerSent: local description and hold of our offer
	early    []byte    // offerSent: last answer in a 18x
	received chosen    // offerReceived: the peer's offer and what this side takes of it
	version  uint64    // of the last body sent
	body     []byte    // last body sent
}

// agreement is one round's outcome. Its slices are never written to.
type agreement struct {
	local  description // of this side; media empty before the first round
	audio  int         // index of the audio m-line in use
	hold   bool        // this side holds the peer
	held   bool        // the peer holds this side
	media  media.Negotiated
	peerPT []payload // of the peer's audio: their numbers are not given another meaning
}

// mediaChange is what a finished round changed.
type mediaChange struct {
	held    bool // the peer put this side on hold in this round
	resumed bool // the peer took it off hold
	moved   bool // the peer's audio goes to another address or port than before
	media   media.Negotiated
}

// newOfferAnswer returns the exchange of a new dialog, without SRTP. local is
// where this side's RTP arrives and is written into every description; sessionID
// goes into o= and must be unique among the dialogs of this address.
func newOfferAnswer(local netip.AddrPort, codecs []media.Codec, sessionID uint64) *offerAnswer {
	return &offerAnswer{local: local, codecs: codecs, srtp: SRTPOff, sessionID: sessionID, state: offerStable}
}

// fork returns a copy for another early dialog of the same INVITE: each To-tag
// answers the offer by itself.
func (o *offerAnswer) fork() *offerAnswer {
	c := *o
	return &c
}

func (o *offerAnswer) move(e offerEvent) error {
	to, ok := nextOfferState[o.state][e]
	if !ok {
		return fmt.Errorf("%s: %w", e, offerRefusal[o.state])
	}
	o.state = to
	return nil
}

// offer returns the description to send in an INVITE, UPDATE or, when theirs came
// without one, a 200. It lists every codec, the one in use first. hold asks the
// peer to stop sending; it lasts until an offer without it is answered.
func (o *offerAnswer) offer(hold bool) ([]byte, error) {
	return o.propose(o.proposal(hold), hold)
}

// refresh offers again what is in force, so that the peer sees by o= that nothing
// changed: the re-INVITE of a session timer (RFC 4028 7.4).
func (o *offerAnswer) refresh() ([]byte, error) {
	if len(o.agreed.local.media) == 0 {
		return nil, fmt.Errorf("refresh: %w", errNoOffer)
	}
	return o.propose(o.agreed.local, o.agreed.hold)
}

func (o *offerAnswer) propose(d description, hold bool) ([]byte, error) {
	if err := o.move(sendOffer); err != nil {
		return nil, err
	}
	o.offered = agreement{local: d, audio: o.agreed.audio, hold: hold}
	o.early = nil
	return o.publish(d)
}

// takeOffer reads the peer's offer. Refuse the request with offerStatus(err) when
// it fails; nothing has changed then. Otherwise call answer once, when
// the answer is due, or rollback after refusing for another reason.
func (o *offerAnswer) takeOffer(body []byte) error {
	if _, ok := nextOfferState[o.state][receiveOffer]; !ok {
		return fmt.Errorf("%s: %w", receiveOffer, offerRefusal[o.state])
	}
	d, err := parseSDP(body)
	if err != nil {
		return err
	}
	if o.received, err = o.choose(d); err != nil {
		return err
	}
	return o.move(receiveOffer)
}

// answer returns the answer to the offer taken and what it changes. The same
// body may be sent again in a later 18x or 200 of the same INVITE: see sent.
func (o *offerAnswer) answer() ([]byte, mediaChange, error) {
	if err := o.move(sendAnswer); err != nil {
		return nil, mediaChange{}, err
	}
	theirs := o.received.line()
	ours := audioLine(o.local, answerPayloads(theirs, o.received.codec))
	ours.dir = theirs.effective().mirror() & wish(o.agreed.hold)
	ours.mux, ours.proto = theirs.mux, theirs.proto
	k := o.answerKeys()
	if k != (keys{}) {
		ours.crypto = []string{crypto{o.received.key.tag, k.send}.String()}
	}
	d := description{addr: o.local.Addr(), media: refuseAll(o.received.offer.media, o.local.Addr())}
	d.media[o.received.at] = ours

	body, err := o.publish(d)
	if err != nil {
		return nil, mediaChange{}, err
	}
	round := agreement{local: d, audio: o.received.at, hold: o.agreed.hold}
	change := o.settle(round, theirs, o.received.codec, k)
	o.received = chosen{}
	return body, change, nil
}

// answerKeys are the keys after our answer to the offer taken. Our own stays while
// its suite does: who sent under it is still the same stream.
func (o *offerAnswer) answerKeys() keys {
	k := keys{send: o.agreed.media.SendKey, recv: o.received.key.key}
	switch {
	case k.recv.Suite == media.NoSuite:
		return keys{}
	case k.recv.Suite != k.send.Suite:
		k.send = media.NewKey(k.recv.Suite)
	}
	return k
}

// sent returns the last description sent, nil before the first.
func (o *offerAnswer) sent() []byte { return o.body }

// takeEarly reads the answer of a provisional response. The audio of change may
// be used at once; the round stays open, because the 200 may say otherwise.
func (o *offerAnswer) takeEarly(body []byte) (mediaChange, error) {
	if _, ok := nextOfferState[o.state][receiveEarly]; !ok {
		return mediaChange{}, fmt.Errorf("%s: %w", receiveEarly, offerRefusal[o.state])
	}
	before := o.agreed
	change, err := o.settleAnswer(body)
	o.agreed = before
	if err == nil {
		o.early = body
	}
	return change, err
}

// takeAnswer reads the peer's answer and closes the round. An empty body stands
// for the answer of an earlier 18x. After an error the session is what it
// was before the offer, but the peer may believe otherwise: end the call.
func (o *offerAnswer) takeAnswer(body []byte) (mediaChange, error) {
	if err := o.move(receiveAnswer); err != nil {
		return mediaChange{}, err
	}
	if len(bytes.TrimSpace(body)) == 0 {
		body = o.early
	}
	return o.settleAnswer(body)
}

func (o *offerAnswer) settleAnswer(body []byte) (mediaChange, error) {
	if body == nil {
		return mediaChange{}, fmt.Errorf("%w: no answer to our offer", errNotAcceptable)
	}
	d, err := parseSDP(body)
	if err != nil {
		return mediaChange{}, err
	}
	at := o.offered.audio
	if len(d.media) <= at {
		return mediaChange{}, fmt.Errorf("%w: answer has %d media, offer had %d", errNotAcceptable, len(d.media), len(o.offered.local.media))
	}
	ours, theirs := o.offered.local.media[at], d.media[at]
	codec, err := usable(theirs, o.local, ours.payloads)
	if err != nil {
		return mediaChange{}, err
	}
	if theirs.proto != ours.proto {
		return mediaChange{}, fmt.Errorf("%w: %s answered with %s", errNotAcceptable, ours.proto, theirs.proto)
	}
	k, err := answeredKeys(ours, theirs, o.srtp)
	if err != nil {
		return mediaChange{}, err
	}
	return o.settle(o.offered.keyed(k.send), theirs, codec, k), nil
}

// keyed returns a with only the attribute of key k left of those offered, so that
// no key that was not taken is ever offered, or used, again.
func (a agreement) keyed(k media.Key) agreement {
	a.local.media = slices.Clone(a.local.media)
	m := &a.local.media[a.audio]
	m.crypto = slices.DeleteFunc(slices.Clone(m.crypto), func(value string) bool {
		c, _ := parseCrypto(value)
		return c.key != k
	})
	return a
}

// rollback ends the round under way without a result, because one side refused
// the offer: the session is what it was (RFC 6337 3.4).
func (o *offerAnswer) rollback() {
	if o.state != offerStable {
		o.state = nextOfferState[o.state][offerRejected]
	}
}

// settle closes a round with the peer's audio m-line theirs, of which codec is
// the payload type to send with.
func (o *offerAnswer) settle(a agreement, theirs mediaLine, codec payload, k keys) mediaChange {
	ours := a.local.media[a.audio]
	allowed := theirs.effective().mirror()
	dir := ours.dir & allowed
	a.peerPT = theirs.payloads
	a.held = allowed&wish(a.hold) != wish(a.hold)

	a.media = media.Negotiated{
		Remote: netip.AddrPortFrom(theirs.addr, theirs.port),
		Mux:    ours.mux && theirs.mux,
		Send:   media.Format{Codec: codecOf(codec), PT: codec.pt, EventPT: eventPT(theirs.payloads), Ptime: theirs.frame()},
		Recv:   media.Format{Codec: codecOf(codec), PT: sameCodec(ours.payloads, codec).pt, EventPT: eventPT(ours.payloads), Ptime: frameTime},
		SendOK: dir&dirSendOnly != 0,
		RecvOK: dir&dirRecvOnly != 0,

		SendKey: k.send, RecvKey: k.recv,
	}
	if theirs.addr.IsUnspecified() { // held: keep the address to return to
		a.media.Remote, a.media.RemoteRTCP = o.agreed.media.Remote, o.agreed.media.RemoteRTCP
	} else if !a.media.Mux {
		a.media.RemoteRTCP = rtcpOf(theirs, o.local)
	}

	before := o.agreed
	o.agreed = a
	return mediaChange{
		held:    a.held && !before.held,
		resumed: before.held && !a.held,
		moved:   before.media.Remote.IsValid() && a.media.Remote != before.media.Remote,
		media:   a.media,
	}
}

// publish writes d as the next body sent: the version grows by one when anything
// else does, also after an offer that was refused.
func (o *offerAnswer) publish(d description) ([]byte, error) {
	d.sessionID, d.version = o.sessionID, o.version
	body, err := d.build()
	if err != nil || bytes.Equal(body, o.body) {
		return body, err
	}
	d.version++
	if body, err = d.build(); err != nil {
		return nil, err
	}
	o.version, o.body = d.version, body
	return body, nil
}

// proposal is the full offer: the m-lines so far, because none may vanish
// (RFC 3264 8), with the audio one made new.
func (o *offerAnswer) proposal(hold bool) description {
	a := o.agreed
	audio := audioLine(o.local, o.offerPayloads())
	audio.mux = a.media.Mux
	audio.proto, audio.crypto = o.offerSecurity()
	audio.dir = wish(hold)
	if hold && a.held {
		audio.dir = dirInactive // RFC 3264 8.4
	}
	d := description{addr: o.local.Addr(), media: slices.Clone(a.local.media)}
	if len(d.media) == 0 {
		d.media = make([]mediaLine, 1)
	}
	d.media[a.audio] = audio
	return d
}

// offerSecurity is the profile and a=crypto of our next offer: in a session what
// is in force. SRTP that is no must is offered as phones do, with keys in a line
// of RTP/AVP: who knows none ignores them.
func (o *offerAnswer) offerSecurity() (profile string, crypto []string) {
	switch a := o.agreed; {
	case len(a.local.media) > 0:
		return a.local.media[a.audio].proto, a.local.media[a.audio].crypto
	case o.srtp == SRTPOffer:
		return plainProfile, newCryptos()
	case o.srtp == SRTPRequire:
		return secureProfile, newCryptos()
	}
	return plainProfile, nil
}

// offerPayloads keeps the numbers of the session: a payload type never changes
// its meaning (RFC 3264 8.3.2).
func (o *offerAnswer) offerPayloads() []payload {
	var ps []payload
	recv := o.agreed.media.Recv
	inUse := len(o.agreed.local.media) > 0
	for _, c := range o.codecs {
		if inUse && c == recv.Codec {
			ps = slices.Insert(ps, 0, codecPayload(c, recv.PT))
		} else {
			ps = append(ps, codecPayload(c, uint8(c)))
		}
	}
	if pt, ok := o.ownEventPT(); ok {
		ps = append(ps, eventPayload(pt))
	}
	return ps
}

// ownEventPT returns the number telephone-event has or, when it had none, 101
// or the first one the peer does not use for something else.
func (o *offerAnswer) ownEventPT() (pt uint8, ok bool) {
	if pt := o.agreed.media.Recv.EventPT; pt != 0 {
		return pt, true
	}
	pt = defaultEventPT
	taken := func(p payload) bool { return p.pt == pt && p.name != eventName }
	if !slices.ContainsFunc(o.agreed.peerPT, taken) {
		return pt, true
	}
	for pt = firstDynamicPT; pt <= lastPT; pt++ {
		if !slices.ContainsFunc(o.agreed.peerPT, taken) {
			return pt, true
		}
	}
	return 0, false
}
