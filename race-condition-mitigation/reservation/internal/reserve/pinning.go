package reserve

import (
	"context"
	"errors"
	"time"

	"trivet/reservation/internal/hold"
	"trivet/reservation/internal/ledger"
	"trivet/reservation/internal/problem"
	"trivet/reservation/internal/seats"
)

// Order names a hold, the order that wants it, and the token by which that order's customer proves the hold is theirs.
type Order struct {
	Name    hold.Name
	OrderID string
	Token   string
}

// Settled is what an order has of a hold, as it is told, once or again.
type Settled struct {
	Name     hold.Name
	OrderID  string
	State    hold.State
	Fence    int64
	Lines    []hold.Price
	Currency string
	Again    bool
}

const (
	pinsMost  = 6
	pinsPause = 10 * time.Millisecond
)

// Pin makes a hold an order's, for good until the order confirms it or gives it back.
//
// Which race: the hold runs out while it is being pinned; its seat is given to somebody else; Valkey is wiped in between;
// the process stands still between any two steps. Why this guard: Valkey compares the token and stops the hold's time in
// one step, PostgreSQL commits only under the epoch of the memory that agreed, and UNIQUE (show, seat) decides; Valkey is
// told at the end. Whoever stops after the first step leaves a hold that does not run out, which a sweep settles from
// PostgreSQL; after the second, a pin that lasts and is told again to whoever repeats the request. What happens if it is
// lost: without the token's comparison an order pins what its customer lost, without the epoch PostgreSQL commits what
// the new memory gave to somebody else, without the unique constraint both are sold.
func (d *Desk) Pin(ctx context.Context, order Order) (Settled, error) {
	return d.settle(ctx, order, hold.Pinned)
}

func (d *Desk) settle(ctx context.Context, order Order, state hold.State) (Settled, error) {
	hall, err := d.halls.find(ctx, order.Name.ShowID)
	if err != nil {
		return Settled{}, err
	}
	for range pinsMost {
		begun, err := d.begin(ctx, order)
		if err != nil {
			return Settled{}, err
		}
		if begun.Claim.State != hold.Pinning {
			return d.settledBefore(ctx, order, begun.Claim.State)
		}
		lines, _ := hall.Lines(begun.Claim.Seats)
		settled, err := d.commit(ctx, ledger.Pin{
			Name: order.Name, OrderID: order.OrderID, State: state, Lines: lines, Currency: hall.Show.Currency, Epoch: begun.Epoch,
		})
		if !errors.Is(err, ledger.ErrEpoch) {
			return settled, err
		}
		pause(ctx, pinsPause)
		if err := d.awaitOthers(ctx, order.Name.ShowID); err != nil { // the new memory is being read; what it says of this hold decides
			return Settled{}, unread(err) // nothing was committed
		}
	}
	return Settled{}, unloadable()
}

// begin asks Valkey, whose word is only good for as long as its memory lasts.
func (d *Desk) begin(ctx context.Context, order Order) (seats.Begun, error) {
	var begun seats.Begun
	err := d.loaded(ctx, order.Name.ShowID, func() (err error) {
		begun, err = d.memory.BeginPin(ctx, order.Name, order.Token, order.OrderID)
		return err
	})
	switch {
	case errors.Is(err, seats.ErrForbidden):
		return begun, wrongToken()
	case errors.Is(err, seats.ErrOtherOrder):
		return begun, otherOrder(nil)
	case err != nil:
		return begun, away(err)
	}
	return begun, nil
}

// commit lets PostgreSQL decide, and tells Valkey.
func (d *Desk) commit(ctx context.Context, pin ledger.Pin) (Settled, error) {
	if err := d.reach(ctx, AfterBegin); err != nil {
		return Settled{}, err
	}
	fence, err := d.books.Pin(ctx, pin, func() error { return d.reach(ctx, BeforeCommit) })
	switch {
	case errors.Is(err, ledger.ErrSeatTaken):
		return Settled{}, d.contradicted(ctx, pin)
	case err != nil:
		return Settled{}, err // if anything was committed, a sweep or the next try finds it
	case fence == 0:
		return d.settledElsewhere(ctx, pin)
	}
	if err := d.reach(ctx, AfterCommit); err != nil {
		return Settled{}, err
	}
	d.mark(ctx, seats.Settled{
		Name: pin.Name, OrderID: pin.OrderID, State: pin.State, Fence: fence, Seats: names(pin.Lines), Epoch: pin.Epoch,
	})
	return Settled{
		Name: pin.Name, OrderID: pin.OrderID, State: pin.State, Fence: fence, Lines: pin.Lines, Currency: pin.Currency,
	}, nil
}

// contradicted is what remains where PostgreSQL has another order in a seat that Valkey thought to be this hold's: the
// memory is wrong, and is read anew.
func (d *Desk) contradicted(ctx context.Context, pin ledger.Pin) error {
	if err := d.load(ctx, pin.Name.ShowID, always); err != nil {
		return err
	}
	return alreadyHeld(names(pin.Lines))
}

// settledElsewhere is what remains where the books had something of this hold already. A tombstone of this order ends its
// pin for good, so the hold's time may run on at once; what else may still be under way, only a new epoch knows.
func (d *Desk) settledElsewhere(ctx context.Context, pin ledger.Pin) (Settled, error) {
	order := Order{Name: pin.Name, OrderID: pin.OrderID}
	settled, err := d.settledBefore(ctx, order, hold.Pinning)
	var refused *problem.Error
	if !errors.As(err, &refused) {
		return settled, err
	}
	switch refused.Code {
	case problem.HoldReleased:
		if failed := d.memory.Revert(ctx, pin.Name, pin.OrderID); failed != nil && !errors.Is(failed, seats.ErrUnloaded) {
			return Settled{}, away(failed)
		}
	case problem.AlreadyHeld:
		if failed := d.load(ctx, pin.Name.ShowID, always); failed != nil {
			return Settled{}, failed
		}
	}
	return Settled{}, err
}

// settledBefore answers from the books, once they last as surely as any answer promises.
func (d *Desk) settledBefore(ctx context.Context, order Order, state hold.State) (Settled, error) {
	settlements, err := d.books.Settlements(ctx, order.Name)
	if err != nil {
		return Settled{}, err
	}
	own, others := sortOut(settlements, order.OrderID)
	switch {
	case own != nil && own.State == hold.Released:
		return Settled{}, standing(order.Name, hold.Released)
	case own != nil:
		if err := d.books.Acknowledge(ctx); err != nil {
			return Settled{}, err
		}
		return told(order, *own, true), nil
	case others != nil:
		return Settled{}, otherOrder(others.Seats)
	}
	if state == hold.Expired || state == hold.Released {
		return Settled{}, standing(order.Name, state)
	}
	return Settled{}, notFound(order.Name)
}

// sortOut returns the order's own settlement, and one of another order that stands.
func sortOut(settlements []ledger.Settlement, order string) (own, other *ledger.Settlement) {
	for place, each := range settlements {
		switch {
		case each.OrderID == order:
			own = &settlements[place]
		case each.State != hold.Released:
			other = &settlements[place]
		}
	}
	return own, other
}

func told(order Order, settlement ledger.Settlement, again bool) Settled {
	return Settled{
		Name: order.Name, OrderID: order.OrderID, State: settlement.State, Fence: *settlement.Fence,
		Lines: settlement.Lines(), Currency: settlement.Currency, Again: again,
	}
}

func names(lines []hold.Price) []string {
	seats := make([]string, len(lines))
	for place, line := range lines {
		seats[place] = line.Seat
	}
	return seats
}
