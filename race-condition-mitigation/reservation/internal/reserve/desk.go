// Package reserve is what the service does: it holds, extends, gives back, pins and sells seats, over Valkey's memory of
// who holds what (package seats) and PostgreSQL's books of what lasts (package ledger).
//
// Which of the two decides: Valkey who may have a seat for a while, PostgreSQL who has it for good. Valkey may forget
// everything at any time. Then nobody holds anything that was not pinned, and the memory is read from the books before
// the next hold, under an epoch that the books count.
package reserve

import (
	"context"
	"time"

	"golang.org/x/sync/singleflight"

	"trivet/reservation/internal/hold"
	"trivet/reservation/internal/ledger"
	"trivet/reservation/internal/seats"
)

// Memory is who holds what, as a strategy keeps it.
type Memory interface {
	Hold(ctx context.Context, asked seats.Asked) (seats.Held, error)
	Extend(ctx context.Context, name hold.Name, token string, ttlMS int64) (seats.Claim, int64, error)
	Release(ctx context.Context, name hold.Name, tombstone bool) (hold.State, error)
	BeginPin(ctx context.Context, name hold.Name, token, order string) (seats.Begun, error)
	Mark(ctx context.Context, settled seats.Settled) error
	Revert(ctx context.Context, name hold.Name, order string) error
	Reap(ctx context.Context, show string, most int) (int, error)
	Look(ctx context.Context, name hold.Name) (seats.Claim, error)
	Version(ctx context.Context, show string) (string, error)
	States(ctx context.Context, show string, ids []string) ([]hold.State, error)
	Changes(ctx context.Context, show, after string, wait time.Duration) ([]seats.Change, bool, error)
	Epoch(ctx context.Context, show string) (int64, error)
	Loading(ctx context.Context, show string) (bool, error)
	Pinning(ctx context.Context, show string, graceMS int64) (int64, error)
	Load(ctx context.Context, show string, epoch int64, marks []seats.Mark) (bool, error)
}

// Failpoint is a moment at which a lab may strike.
type Failpoint func(ctx context.Context, name string) error

// Limits are what a desk allows, and how long it waits.
type Limits struct {
	TTLMS          int64 // of a hold that asks for none
	PinningGraceMS int64 // how long a pin may be under way before somebody else settles it
}

// Desk does everything that is done with seats.
type Desk struct {
	memory Memory
	books  *ledger.Database
	limits Limits
	reach  Failpoint
	halls  *halls
	loads  singleflight.Group
	behind map[string]int64 // of the sweep alone: memories that were older than this epoch of their books at the last one
	marks  *marks
}

// New returns a desk; background work is Sweep's.
func New(memory Memory, books *ledger.Database, limits Limits, reach Failpoint) *Desk {
	return &Desk{memory: memory, books: books, limits: limits, reach: reach, halls: newHalls(books), marks: newMarks()}
}
