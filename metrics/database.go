package metrics

import (
	"strings"
	"time"
)

// DatabaseError is a class of errors of the database.
type DatabaseError string

// The classes of errors.
const (
	ErrConnection    DatabaseError = "connection"    // it does not answer
	ErrTimeout       DatabaseError = "timeout"       // it took too long, or a lock did
	ErrSerialization DatabaseError = "serialization" // transactions in each other's way
	ErrConstraint    DatabaseError = "constraint"
	ErrData          DatabaseError = "data"
	ErrResources     DatabaseError = "resources" // disk, memory or connections are used up
	ErrShutdown      DatabaseError = "shutdown"
	ErrOther         DatabaseError = "other"
)

// Database measures PostgreSQL as this process sees it.
type Database struct {
	r      registrar
	query  histograms
	errors counters
}

func newDatabase(r registrar) *Database {
	return &Database{
		r: r,
		query: r.histograms("shouwen_db_query_duration_seconds", "Time of one statement, or of a batch of them, by what the store was asked for.",
			[]float64{.001, .005, .01, .05, .1, .5, 1, 5}, queryLabel),
		errors: r.counters("shouwen_db_errors_total", "Statements and connections that failed, by class.", databaseError),
	}
}

// Asked observes a statement.
func (d *Database) Asked(query string, took time.Duration) { d.query.of(query).Observe(took.Seconds()) }

// Failed counts an error with its SQLSTATE; empty: there was none to get, the
// database did not answer, within its time if late.
func (d *Database) Failed(sqlState string, late bool) {
	d.errors.of(string(classOf(sqlState, late))).Inc()
}

// classOf is the class of an error (PostgreSQL, appendix A).
func classOf(sqlState string, late bool) DatabaseError {
	switch {
	case late, sqlState == "57014", sqlState == "55P03", sqlState == "25P03":
		return ErrTimeout
	case sqlState == "", strings.HasPrefix(sqlState, "08"):
		return ErrConnection
	case strings.HasPrefix(sqlState, "40"):
		return ErrSerialization
	case strings.HasPrefix(sqlState, "23"):
		return ErrConstraint
	case strings.HasPrefix(sqlState, "22"):
		return ErrData
	case strings.HasPrefix(sqlState, "53"), strings.HasPrefix(sqlState, "54"):
		return ErrResources
	case strings.HasPrefix(sqlState, "57P"):
		return ErrShutdown
	}
	return ErrOther
}

// ReadConnections makes read, safe from any goroutine, the source of how many
// connections are in use, idle and allowed. Call it once.
func (d *Database) ReadConnections(read func() (used, idle, most int)) {
	d.r.sampled([]gauge{{"shouwen_db_pool_connections", "Connections to PostgreSQL.", []*label{connectionState}}},
		func(emit func(int, float64, ...string)) {
			used, idle, most := read()
			emit(0, float64(used), "used")
			emit(0, float64(idle), "idle")
			emit(0, float64(most), "max")
		})
}

// ReadSkew makes read, safe from any goroutine, the source of how far this node's
// clock is ahead of the database's, as far as known. Call it once.
func (d *Database) ReadSkew(read func() (ahead time.Duration, known bool)) {
	d.r.sampled([]gauge{{"shouwen_clock_skew_seconds", "Clock of this node minus that of the database.", nil}},
		func(emit func(int, float64, ...string)) {
			if ahead, known := read(); known {
				emit(0, ahead.Seconds())
			}
		})
}
