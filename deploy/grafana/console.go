package main

// list is the page of the console that lists cases by what they are, to who is signed in.
const list = "/cases"

// casesLate lists the cases with a clock that has run out; more narrows it.
func casesLate(more string) string { return list + "?clock_is=late" + more }

// casesAtRisk lists those with a clock that is past its warning, and not yet due.
func casesAtRisk(more string) string { return list + "?clock_is=at_risk" + more }

// casesIn lists those in a state.
func casesIn(state string) string { return list + "?state=" + state }
