// Package ledger is what lasts: shows, and what orders pinned, bought and gave back, in PostgreSQL.
//
// Which race: two orders that both believe to have a seat, because Valkey lost its memory between them or a process
// stood still while its hold ran out. Why this guard: UNIQUE (show, seat) lets one of two transactions commit, whatever
// anybody believed. If it were lost, both would, and one seat would be sold twice.
package ledger

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"trivet/reservation/internal/problem"
)

// Limits are the bounds of every wait for the database.
type Limits struct {
	Connections       int32
	PoolWait          time.Duration
	Statement         time.Duration
	IdleInTransaction time.Duration
	Commit            time.Duration
}

// Database is a bounded pool; each connection is verified when it is made, so a replaced database is noticed too.
type Database struct {
	pool   *pgxpool.Pool
	limits Limits
}

const (
	connectWait = 2 * time.Second
	warningsKey = "trivet.warnings"
)

// Open makes a pool. A database that is away is no error here: every request says so itself, and serves again when it is
// back. constrained is what the strategy wants of the schema.
func Open(url string, limits Limits, constrained bool) (*Database, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	config.MaxConns = limits.Connections
	config.MinConns = 0
	config.HealthCheckPeriod = 10 * time.Second
	config.ConnConfig.ConnectTimeout = connectWait
	config.ConnConfig.OnNotice = remember
	for name, value := range map[string]string{
		"application_name":                    "trivet-reservation",
		"default_transaction_isolation":       "read committed",
		"statement_timeout":                   milliseconds(limits.Statement),
		"lock_timeout":                        milliseconds(limits.Statement),
		"idle_in_transaction_session_timeout": milliseconds(limits.IdleInTransaction),
		"jit":                                 "off",
	} {
		config.ConnConfig.RuntimeParams[name] = value
	}
	config.AfterConnect = func(ctx context.Context, connection *pgx.Conn) error {
		return verify(ctx, connection, constrained)
	}
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		return nil, err
	}
	return &Database{pool, limits}, nil
}

// Close gives back every connection.
func (d *Database) Close() { d.pool.Close() }

// Connections returns how many connections are in use and how many are idle.
func (d *Database) Connections() (used, idle int32) {
	stat := d.pool.Stat()
	return stat.AcquiredConns(), stat.IdleConns()
}

// Blocker returns what keeps the database from serving, "" if nothing. A pool that is fully in use is no outage: a
// replica that called itself unready for being busy would only push its load on the others.
func (d *Database) Blocker(ctx context.Context) string {
	if stat := d.pool.Stat(); stat.AcquiredConns() >= stat.MaxConns() {
		return ""
	}
	if err := d.Read(ctx, ping); err != nil {
		var refused *problem.Error
		if errors.As(err, &refused) {
			return refused.Detail
		}
		return err.Error()
	}
	return ""
}

func ping(ctx context.Context, on Querier) error {
	var one int
	return on.QueryRow(ctx, "SELECT 1").Scan(&one)
}

// Confirm verifies the database now, so that a wrong one is refused at start and not at the first request. A database
// that cannot be reached is no error: that may pass.
func (d *Database) Confirm(ctx context.Context) error {
	var wrong *WrongDatabaseError
	err := d.Read(ctx, ping)
	if errors.As(err, &wrong) {
		return wrong
	}
	return nil
}

// Querier is what reading statements are run by.
type Querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// Read runs reading statements, each on its own: whatever fails, nothing happened.
func (d *Database) Read(ctx context.Context, work func(context.Context, Querier) error) error {
	connection, err := d.acquire(ctx)
	if err != nil {
		return err
	}
	defer connection.Release()
	ctx, cancel := d.bounded(ctx)
	defer cancel()
	if err := work(ctx, connection); err != nil {
		return translate(err)
	}
	return nil
}

// bounded gives up on a server that is not there any more: one that is ends each statement before that by itself.
func (d *Database) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, d.limits.Statement+time.Second)
}

// Write runs one transaction at READ COMMITTED; it lasts only if work returns nil and the COMMIT after it is answered
// without reservation. before runs when only the COMMIT is left.
//
// Errors: what work returned, after a rollback; a *problem.Error of code unavailable, definite if COMMIT was never sent
// or was answered by a rollback, and not definite if its answer did not come or came with a warning: with synchronous
// standbys PostgreSQL turns a cancelled wait into a warning on a successful COMMIT (SyncRepWaitForLSN in syncrep.c).
func (d *Database) Write(ctx context.Context, before func() error, work func(context.Context, pgx.Tx) error) error {
	connection, err := d.acquire(ctx)
	if err != nil {
		return err
	}
	defer connection.Release()
	working, cancel := d.bounded(ctx)
	defer cancel()
	tx, err := connection.Begin(working)
	if err != nil {
		return translate(err)
	}
	defer d.rollback(ctx, tx)
	if err := work(working, tx); err != nil {
		return translate(err)
	}
	if before != nil {
		if err := before(); err != nil {
			return err
		}
	}
	return d.commit(ctx, tx)
}

func (d *Database) acquire(ctx context.Context) (*pgxpool.Conn, error) {
	waiting, cancel := context.WithTimeout(ctx, d.limits.PoolWait)
	defer cancel()
	connection, err := d.pool.Acquire(waiting)
	if err != nil {
		return nil, unreachable(err)
	}
	return connection, nil
}

// commit waits for the answer however short the request's own time has become: half a COMMIT is no answer.
func (d *Database) commit(ctx context.Context, tx pgx.Tx) error {
	waiting, cancel := context.WithTimeout(context.WithoutCancel(ctx), d.limits.Commit)
	defer cancel()
	notices := tx.Conn().PgConn().CustomData()
	delete(notices, warningsKey)
	err := tx.Commit(waiting)
	switch {
	case errors.Is(err, pgx.ErrTxCommitRollback):
		return problem.New(problem.Unavailable, "the database rolled the transaction back").Definitely().Because(err)
	case err != nil:
		return problem.New(problem.Unavailable, "the answer to COMMIT did not come: it may have happened").Indefinite().Because(err)
	case notices[warningsKey] != nil:
		slog.WarnContext(ctx, "commit unknown", "warning", notices[warningsKey])
		return problem.New(problem.Unavailable, "COMMIT came back with a warning: it may not last").Indefinite()
	}
	return nil
}

func (d *Database) rollback(ctx context.Context, tx pgx.Tx) {
	waiting, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if err := tx.Rollback(waiting); err != nil && !errors.Is(err, pgx.ErrTxClosed) {
		// A connection that cannot even do that is thrown away; the server rolls back by itself.
		_ = tx.Conn().Close(waiting)
	}
}

// remember keeps a connection's warnings for the COMMIT that they come with.
func remember(connection *pgconn.PgConn, notice *pgconn.Notice) {
	if notice.SeverityUnlocalized == "WARNING" {
		connection.CustomData()[warningsKey] = notice.Message
	}
}

// transient are the SQLSTATE classes of a server that is away, full, shutting down or in someone's hands; 25006 is a
// read-only server and 25P03 a transaction that stood still for too long.
var transient = []string{"08", "40", "53", "55", "57", "58", "25006", "25P03"}

// translate tells a server's failure before COMMIT as what it is; a defect of this program stays as it is.
func translate(err error) error {
	var refused *problem.Error
	if errors.As(err, &refused) {
		return err
	}
	var said *pgconn.PgError
	if errors.As(err, &said) {
		for _, class := range transient {
			if strings.HasPrefix(said.Code, class) {
				return failed(err)
			}
		}
		return err
	}
	var lost interface{ Timeout() bool }
	if errors.As(err, &lost) || pgconn.SafeToRetry(err) || errors.Is(err, context.Canceled) || isCut(err) {
		return failed(err)
	}
	return err
}

func failed(err error) error {
	return problem.New(problem.Unavailable, "the database failed before COMMIT was sent: nothing happened").Definitely().Because(err)
}

func unreachable(err error) error {
	detail := "the database cannot be reached"
	var wrong *WrongDatabaseError
	if errors.As(err, &wrong) {
		detail = wrong.Error()
	}
	return problem.New(problem.Unavailable, detail).Definitely().Because(err)
}

func milliseconds(duration time.Duration) string {
	return strconv.FormatInt(duration.Milliseconds(), 10)
}
