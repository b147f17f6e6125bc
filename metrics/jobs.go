package metrics

// Job is work that the program does again and again by itself.
type Job string

// The jobs.
const (
	LedgerHead         Job = "ledger_head"         // the day's head of the ledger is written down
	OutboxRetention    Job = "outbox_retention"    // rows are deleted that left the house long ago
	RecordingRetention Job = "recording_retention" // recordings are deleted whose time is over
	MessageRetention   Job = "message_retention"   // voicemail is
	OpenCases          Job = "open_cases"          // callers with an open case are looked up
)

// Jobs counts the runs of jobs.
type Jobs struct {
	runs    counters
	success gauges
}

func newJobs(r registrar) *Jobs {
	return &Jobs{
		runs:    r.counters("shouwen_job_runs_total", "Runs of what the program does again and again.", jobName, jobResult),
		success: r.gauges("shouwen_job_last_success_timestamp_seconds", "When a run last succeeded, in Unix time; 0: not yet.", jobName),
	}
}

// Ran counts a run of a job and whether it succeeded.
func (j *Jobs) Ran(job Job, err error) {
	result := "ok"
	if err != nil {
		result = "failed"
	} else {
		j.success.of(string(job)).SetToCurrentTime()
	}
	j.runs.of(string(job), result).Inc()
}
