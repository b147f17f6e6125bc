package store

// The queries over what is open, for a look at their plans.
var (
	OpenClocks = openClocks
	OpenCases  = openCases
)
