package ledger

import (
	"context"
	_ "embed"
	"errors"
	"hash/fnv"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"trivet/reservation/internal/hold"
)

var (
	//go:embed sql/pin.sql
	pinSQL string
	//go:embed sql/find_settlement.sql
	findSettlement string
	//go:embed sql/sell.sql
	sellSQL string
	//go:embed sql/give_back.sql
	giveBack string
	//go:embed sql/bury.sql
	burySQL string
)

// The shared lock of a show is taken by whatever settles a hold, and the exclusive one by who reads what is settled into
// a new memory. It is transaction-level: it ends with its transaction, whatever becomes of the process.
const (
	lockShared    = "SELECT pg_advisory_xact_lock_shared($1)"
	lockExclusive = "SELECT pg_advisory_xact_lock($1)"
	readEpoch     = "SELECT epoch FROM shows WHERE id = $1"
	// acknowledge commits a WAL record of its own, so that a repeated answer waits for the same durability as the first:
	// a row is visible as soon as its transaction ended here, which with synchronous standbys may be before they have it.
	acknowledge = "SELECT pg_logical_emit_message(true, 'trivet.replay', '')"
)

// lockKey returns the advisory lock of a show: 64 bits of FNV-1a, so that all replicas agree. Two shows of one key wait
// for each other, and that is all.
func lockKey(show string) int64 {
	sum := fnv.New64a()
	_, _ = sum.Write([]byte("reservation.show\x00" + show))
	return int64(sum.Sum64()) //nolint:gosec // the bits are what counts
}

// ErrEpoch says that the memory under which something was to be pinned is not the show's any more.
var ErrEpoch = errors.New("the show's memory was read anew since")

// ErrSeatTaken says that another order has one of the seats, which the memory did not know.
var ErrSeatTaken = errors.New("another order has a seat of this hold")

// Settlement is what an order did with a hold.
type Settlement struct {
	OrderID  string
	State    hold.State // pinned, sold or released
	Fence    *int64     // nil for a tombstone
	Seats    []string
	Prices   []int64
	Currency string
}

// Lines returns each seat with its price.
func (s Settlement) Lines() []hold.Price {
	lines := make([]hold.Price, len(s.Seats))
	for place, seat := range s.Seats {
		lines[place] = hold.Price{Seat: seat, UnitPriceMinor: s.Prices[place]}
	}
	return lines
}

// Pin is what is to be pinned, or sold at once.
type Pin struct {
	Name     hold.Name
	OrderID  string
	State    hold.State
	Lines    []hold.Price
	Currency string
	Epoch    int64
}

// Pin commits a pin and returns its fence, which is greater than that of whoever had these seats before.
//
// Which race: a service that was told by Valkey that a hold is alive, and stands still before it commits; by then Valkey
// lost its memory, or the hold was given up as one that never came here. Why this guard: whoever reads the settled seats
// into a new memory first takes the show's lock alone, so he waits for every pin that is under way, and then counts the
// epoch up: a pin of the old one finds another epoch in its own snapshot. If it were lost, a seat could be committed that
// the new memory does not know of, and be held by somebody else although it is sold.
//
// Errors: ErrEpoch, ErrSeatTaken; nothing happened. No fence and no error: the hold was settled before; look.
func (d *Database) Pin(ctx context.Context, pin Pin, before func() error) (int64, error) {
	var epoch *int64
	var fence *int64
	seats, prices := make([]string, len(pin.Lines)), make([]int64, len(pin.Lines))
	for place, line := range pin.Lines {
		seats[place], prices[place] = line.Seat, line.UnitPriceMinor
	}
	err := d.Write(ctx, before, func(ctx context.Context, tx pgx.Tx) error {
		batch := &pgx.Batch{}
		batch.Queue(lockShared, lockKey(pin.Name.ShowID))
		batch.Queue(pinSQL, pin.Name.ShowID, pin.Name.Subject, pin.Name.ID, pin.OrderID, string(pin.State),
			seats, prices, hold.Total(pin.Lines), pin.Currency, pin.Epoch)
		results := tx.SendBatch(ctx, batch)
		defer func() { _ = results.Close() }()
		if _, err := results.Exec(); err != nil {
			return err
		}
		if err := results.QueryRow().Scan(&epoch, &fence); err != nil {
			return seatTaken(err)
		}
		if epoch == nil || *epoch != pin.Epoch {
			return ErrEpoch
		}
		return results.Close()
	})
	if err != nil || fence == nil {
		return 0, err
	}
	return *fence, nil
}

func seatTaken(err error) error {
	var said *pgconn.PgError
	if errors.As(err, &said) && said.Code == "23505" && said.ConstraintName == guardName {
		return ErrSeatTaken
	}
	return err
}

// Settlements returns what orders did with a hold; what stands comes before what is over.
func (d *Database) Settlements(ctx context.Context, name hold.Name) ([]Settlement, error) {
	var found []Settlement
	err := d.Read(ctx, func(ctx context.Context, on Querier) error {
		rows, err := on.Query(ctx, findSettlement, name.ShowID, name.Subject, name.ID)
		if err != nil {
			return err
		}
		found, err = collect(rows)
		return err
	})
	return found, err
}

func collect(rows pgx.Rows) ([]Settlement, error) {
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (Settlement, error) {
		var each Settlement
		var state string
		err := row.Scan(&each.OrderID, &state, &each.Fence, &each.Seats, &each.Prices, &each.Currency)
		each.State = hold.State(state)
		return each, err
	})
}

// Acknowledge returns once everything that was visible before lasts as surely as an answer promises.
func (d *Database) Acknowledge(ctx context.Context) error {
	return d.Write(ctx, nil, func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, acknowledge)
		return err
	})
}

// Ended is what Sell and GiveBack leave: how the order's settlement stands, and the epoch of that commit.
type Ended struct {
	Settlement Settlement
	Found      bool
	Now        bool // it was this call that ended the pin
	Others     []Settlement
	Epoch      int64
}

// Sell ends an order's pin as a sale, or finds how the order's settlement stands if it is not pinned.
func (d *Database) Sell(ctx context.Context, name hold.Name, order string) (Ended, error) {
	return d.end(ctx, name, order, []string{sellSQL})
}

// GiveBack ends an order's pin; where there is none it leaves a tombstone of this hold and this order, which refuses the
// order's pin should it still come.
func (d *Database) GiveBack(ctx context.Context, name hold.Name, order string) (Ended, error) {
	return d.end(ctx, name, order, []string{giveBack, burySQL})
}

func (d *Database) end(ctx context.Context, name hold.Name, order string, verbs []string) (Ended, error) {
	var ended Ended
	err := d.Write(ctx, nil, func(ctx context.Context, tx pgx.Tx) error {
		batch := &pgx.Batch{}
		batch.Queue(lockShared, lockKey(name.ShowID))
		for _, verb := range verbs {
			batch.Queue(verb, name.ShowID, name.Subject, name.ID, order)
		}
		batch.Queue(acknowledge)
		batch.Queue(readEpoch, name.ShowID)
		batch.Queue(findSettlement, name.ShowID, name.Subject, name.ID)
		results := tx.SendBatch(ctx, batch)
		defer func() { _ = results.Close() }()
		for place := range len(verbs) + 2 {
			tag, err := results.Exec()
			if err != nil {
				return err
			}
			ended.Now = ended.Now || place == 1 && tag.RowsAffected() > 0
		}
		if err := results.QueryRow().Scan(&ended.Epoch); err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		rows, err := results.Query()
		if err != nil {
			return err
		}
		found, err := collect(rows)
		if err != nil {
			return err
		}
		ended.sort(found, order)
		return results.Close()
	})
	return ended, err
}

func (e *Ended) sort(found []Settlement, order string) {
	for _, each := range found {
		if each.OrderID == order {
			e.Settlement, e.Found = each, true
		} else if each.State != hold.Released {
			e.Others = append(e.Others, each)
		}
	}
}
