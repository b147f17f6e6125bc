package sip

import (
	"testing"
	"time"

	msg "github.com/emiago/sipgo/sip"
)

func TestOrderOfRequestsInADialog(t *testing.T) {
	t.Parallel()
	type arrival struct {
		seq   uint32
		after time.Duration // since the one before
		ok    bool
	}
	for name, all := range map[string][]arrival{
		"one after another":          {{1, 0, true}, {2, 0, true}, {3, 0, true}},
		"a gap":                      {{1, 0, true}, {7, 0, true}, {1000, 0, true}},
		"the same again":             {{1, 0, true}, {1, 0, false}},
		"overtaken":                  {{1, 0, true}, {3, 0, true}, {2, 0, true}, {2, 0, false}, {4, 0, true}},
		"overtaken long ago":         {{1, 0, true}, {3, 0, true}, {2, time.Second, false}},
		"the first of all overtaken": {{8, 0, true}, {7, 0, true}, {7, 0, false}},
		"numbers used before":        {{5, 0, true}, {7, 0, true}, {7, 0, false}, {5, 0, false}, {6, 0, true}},
		"a gap too wide to remember": {{1, 0, true}, {100, 0, true}, {91, 0, false}, {92, 0, true}},
		"from zero":                  {{0, 0, true}, {0, 0, false}, {1, 0, true}},
		"two gaps":                   {{1, 0, true}, {3, 0, true}, {5, 0, true}, {2, 0, true}, {4, 0, true}, {4, 0, false}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var d dialog
			now := time.Now()
			for i, a := range all {
				now = now.Add(a.after)
				req := msg.NewRequest(msg.INFO, msg.Uri{})
				req.AppendHeader(&msg.CSeqHeader{SeqNo: a.seq, MethodName: msg.INFO})
				if err := d.accept(req, now); (err == nil) != a.ok {
					t.Errorf("request %d, CSeq %d: %v", i, a.seq, err)
				}
			}
		})
	}
}
