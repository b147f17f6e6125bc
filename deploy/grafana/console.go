package main

// casesLate is the console's list of the cases with a clock that has run out; more narrows it.
func casesLate(more string) string { return "/cases?clock_is=late" + more }

// casesRunning is that of the cases with a clock that runs.
func casesRunning(more string) string { return "/cases?clock_is=running" + more }

// casesIn is that of the cases in a state.
func casesIn(state string) string { return "/cases?state=" + state }
