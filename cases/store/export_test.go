package store

// The queries over what is open, for a look at their plans.
var (
	OpenClocks     = openClocks
	PressingClocks = pressingClocks
	OpenCases      = openCases
)

// The queries of a player, for a look at their plans.
const (
	RecordingOfCall = recordingOfCall
	AccessesOfCall  = accessesOfCall
)

// What Run does again and again, on the connection it has.
var (
	ConnectSnapshotter = (*Snapshotter).connect
	TakeSnapshot       = (*Snapshotter).take
)
