package call

import "testing"

func TestReadCodes(t *testing.T) {
	type result struct {
		feature   Feature
		extension string
		how       reading
	}
	tests := map[string]result{
		"*":                  {how: begun},
		"*2":                 {how: begun},
		"*2101":              {how: begun},
		"*2101#":             {WarmTransfer, "101", complete},
		"*6101#":             {BlindTransfer, "101", complete},
		"*1":                 {ToggleTransfer, "", complete},
		"*4":                 {CompleteTransfer, "", complete},
		"**":                 {CancelTransfer, "", complete},
		"*2#":                {WarmTransfer, "", complete},
		"*6#":                {BlindTransfer, "", complete},
		"*21*":               {how: noCode},
		"*2#1":               {how: noCode},
		"*8":                 {how: begun},
		"*80":                {how: noCode},
		"*81":                {WrongNumber, "", complete},
		"*82":                {AnsweredByRobot, "", complete},
		"*11":                {how: noCode},
		"*2123456789012345":  {how: begun},
		"*21234567890123456": {how: noCode},
	}
	for keys, want := range tests {
		f, ext, how := DefaultCodes().read(keys)
		if got := (result{f, ext, how}); got != want {
			t.Errorf("%s: %+v, want %+v", keys, got, want)
		}
	}
}

// TestCodesOutsideOfACall: they are configured with the others and mean nothing in a
// call; one that is turned off is not dialled by anything.
func TestCodesOutsideOfACall(t *testing.T) {
	c := Codes{MonitorCall: "*33", Conference: "*3"}
	if err := c.Check(); err != nil {
		t.Error(err)
	}
	if rest, ok := c.dialled(MonitorCall, "*331001"); !ok || rest != "1001" {
		t.Errorf("dialled: %q, %t", rest, ok)
	}
	if _, ok := c.dialled(CallBack, "1001"); ok {
		t.Error("a code that is turned off was dialled")
	}
	if _, _, how := c.read("*33"); how != noCode {
		t.Errorf("in a call: %s", how)
	}
}

func TestCheckCodes(t *testing.T) {
	if err := DefaultCodes().Check(); err != nil {
		t.Error(err)
	}
	if err := (Codes{WarmTransfer: "*7", CancelTransfer: ""}).Check(); err != nil {
		t.Error(err)
	}
	for name, c := range map[string]Codes{
		"no star":                  {WarmTransfer: "22"},
		"the star alone":           {WarmTransfer: "*"},
		"a key no code may have":   {WarmTransfer: "*2#"},
		"the beginning of another": {WarmTransfer: "*2", BlindTransfer: "*21"},
		"that of a break":          {MonitorCall: "*4", Ready: "*45"},
		"the reason of a break":    {NotReady: "*4", Ready: "*45"},
		"outside, the same":        {MonitorCall: "*55", CallBack: "*5"},
		"no feature":               {"teleport": "*5"},
		"the same as another":      {WarmTransfer: "*6", BlindTransfer: "*6"},
	} {
		if c.Check() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
