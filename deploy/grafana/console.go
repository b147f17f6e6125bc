package main

// list is where the console lists cases by what they are; who is signed in there may read it.
const list = "/api/v1/cases"

// casesLate lists the cases with a clock that has run out; more narrows it.
func casesLate(more string) string { return list + "?clock_is=late" + more }

// casesRunning lists those with a clock that runs.
func casesRunning(more string) string { return list + "?clock_is=running" + more }

// casesIn lists those in a state.
func casesIn(state string) string { return list + "?state=" + state }
