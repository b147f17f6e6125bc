// Package sip is the SIP side of Shouwen: listeners, registrar, trunks and legs
// (one SIP dialog with its audio each). It is the only importer of sipgo, whose
// parser, transports and transactions it uses; dialogs, offer/answer, digest and
// session timers are its own. It knows nothing of queues and cases: an incoming
// call is handed to the owner of the UA as a Leg, and what happens on a leg is
// reported as an Event.
package sip
