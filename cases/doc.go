// Package cases is the domain of Shouwen: cases, their events, and the facts of
// telephony that open them. It is pure: standard library only, no I/O, and every
// decision takes its time as an argument.
package cases
