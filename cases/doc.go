// Package cases is the domain of Shouwen: cases, their events, the facts of telephony
// that open them, and the policies, clocks and calendars they are held to. It is pure:
// standard library only, no I/O, and every decision takes its time as an argument.
package cases
