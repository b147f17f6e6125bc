package console

import (
	"context"
	"time"
)

// Trunk is a server of a trunk by which calls leave.
type Trunk struct {
	Name, Server string // of the trunk as configured; HOST:PORT
	Up           bool
	Reason       string    // why it is down, else empty
	Since        time.Time // when it came to be so, or was first asked
}

type trunksBody struct {
	Trunks []trunkBody `json:"trunks"`
}

type trunkBody struct {
	Trunk  string    `json:"trunk" example:"provider"`
	Server string    `json:"server" example:"sip.provider.example:5060"`
	State  string    `json:"state" enum:"up,down"`
	Up     bool      `json:"up"`
	Reason string    `json:"reason,omitempty" doc:"Why it is down."`
	Since  time.Time `json:"since" doc:"When it came to be so, or was first asked."`
}

func (x *site) listTrunks(context.Context, *struct{}) (*out[trunksBody], error) {
	body := trunksBody{Trunks: []trunkBody{}}
	for _, t := range x.Trunks() {
		state := "down"
		if t.Up {
			state = "up"
		}
		body.Trunks = append(body.Trunks, trunkBody{Trunk: t.Name, Server: t.Server, State: state, Up: t.Up, Reason: t.Reason, Since: t.Since.UTC()})
	}
	return &out[trunksBody]{body}, nil
}

// down are those that no call can leave by.
func down(trunks []Trunk) (all []Trunk) {
	for _, t := range trunks {
		if !t.Up {
			all = append(all, t)
		}
	}
	return all
}
