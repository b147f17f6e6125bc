// Package sip speaks SIP (RFC 3261) on top of sipgo's parser, transports and
// transactions: dialogs, offer/answer, registrar, digest and session timers are
// its own. It knows legs and their audio, and nothing of queues and cases.
package sip
