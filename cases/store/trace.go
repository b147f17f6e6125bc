package store

import (
	"context"
	"errors"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Watch is told what the store asks the database. Its functions must not block.
type Watch struct {
	// Asked is told of every statement, or batch of them, how long it took and which
	// method of Store asked, as one of Operations.
	Asked func(operation string, took time.Duration)
	// Failed is told of every statement or connection that failed, with its SQLSTATE;
	// empty: the database did not answer, late if it was not in time.
	Failed func(sqlState string, late bool)
}

// Operations are the names of the methods that ask the database, as fire_stages, or
// snapshotter_run of one that is not of Store.
func Operations() (names []string) {
	asks := reflect.TypeFor[context.Context]()
	for _, t := range []reflect.Type{reflect.TypeFor[*Store](), reflect.TypeFor[*Snapshotter]()} {
		for i := range t.NumMethod() {
			if m := t.Method(i); m.Type.NumIn() > 1 && m.Type.In(1) == asks {
				names = append(names, nameOf(t.Elem().Name(), m.Name))
			}
		}
	}
	slices.Sort(names)
	return names
}

func nameOf(of, method string) string {
	if of == "Store" {
		return snake(method)
	}
	return snake(of) + "_" + snake(method)
}

// tracer implements pgx.QueryTracer, pgx.BatchTracer and pgx.ConnectTracer for the
// Watch of a store.
type tracer struct{ store *Store }

type traceKey struct{}

// trace is a statement under way.
type trace struct {
	operation string
	began     time.Time
}

func (t tracer) begin(ctx context.Context) context.Context {
	if t.store.Watch.Asked == nil {
		return ctx
	}
	return context.WithValue(ctx, traceKey{}, trace{operation(), time.Now()})
}

func (t tracer) end(ctx context.Context, err error) {
	if one, ok := ctx.Value(traceKey{}).(trace); ok {
		t.store.Watch.Asked(one.operation, time.Since(one.began))
		t.failed(err)
	}
}

func (t tracer) failed(err error) {
	if err == nil || t.store.Watch.Failed == nil || errors.Is(err, context.Canceled) { // nobody waits for it any more
		return
	}
	state := ""
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		state = pg.Code
	}
	t.store.Watch.Failed(state, errors.Is(err, context.DeadlineExceeded))
}

// TraceQueryStart implements pgx.QueryTracer.
func (t tracer) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	return t.begin(ctx)
}

// TraceQueryEnd implements pgx.QueryTracer.
func (t tracer) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryEndData) {
	t.end(ctx, data.Err)
}

// TraceBatchStart implements pgx.BatchTracer.
func (t tracer) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return t.begin(ctx)
}

// TraceBatchQuery implements pgx.BatchTracer.
func (t tracer) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

// TraceBatchEnd implements pgx.BatchTracer.
func (t tracer) TraceBatchEnd(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchEndData) {
	t.end(ctx, data.Err)
}

// TraceConnectStart implements pgx.ConnectTracer.
func (t tracer) TraceConnectStart(ctx context.Context, _ pgx.TraceConnectStartData) context.Context {
	return ctx
}

// TraceConnectEnd implements pgx.ConnectTracer.
func (t tracer) TraceConnectEnd(_ context.Context, data pgx.TraceConnectEndData) { t.failed(data.Err) }

// ours is what names of our methods begin with on a stack.
const ours = "shouwen/cases/store.(*"

// operation is the name of the method that asks the database. It is read off the stack,
// so that no method can forget to say it, or say it wrong.
func operation() string {
	pcs := make([]uintptr, 40)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs)])
	name := ""
	for {
		f, more := frames.Next()
		if rest, ok := strings.CutPrefix(f.Function, ours); ok {
			of, m, _ := strings.Cut(rest, ").")
			if m, _, _ = strings.Cut(m, "."); m != "" && unicode.IsUpper(rune(m[0])) { // it may be a function within
				name = nameOf(of, m) // who calls another is whom it is for
			}
		}
		if !more {
			return name
		}
	}
}

// snake writes FireStages as fire_stages.
func snake(name string) string {
	var b strings.Builder
	for i, r := range name {
		if i > 0 && unicode.IsUpper(r) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// Connections returns how many connections are in use, idle, and allowed at most.
func (s *Store) Connections() (used, idle, most int) {
	stat := s.db.Stat()
	return int(stat.AcquiredConns()), int(stat.IdleConns()), int(stat.MaxConns())
}

// Ahead returns how far this machine's clock is ahead of the database's.
func (s *Store) Ahead(ctx context.Context) (time.Duration, error) {
	asked := time.Now()
	var there time.Time
	if err := s.db.QueryRow(ctx, `select clock_timestamp()`).Scan(&there); err != nil {
		return 0, err
	}
	return asked.Add(time.Since(asked) / 2).Sub(there), nil
}
