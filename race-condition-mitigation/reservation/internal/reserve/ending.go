package reserve

import (
	"context"
	"errors"
	"log/slog"

	"trivet/reservation/internal/hold"
	"trivet/reservation/internal/ledger"
	"trivet/reservation/internal/problem"
	"trivet/reservation/internal/seats"
)

// Confirm sells what an order pinned; that cannot fail for a reason of business. A hold that the order has not pinned is
// pinned and sold in one step if its token is shown and its time is not over; it is never guessed whether it was.
func (d *Desk) Confirm(ctx context.Context, order Order) (Settled, error) {
	ended, err := d.books.Sell(ctx, order.Name, order.OrderID)
	if err != nil {
		return Settled{}, err
	}
	switch {
	case ended.Found && ended.Settlement.State == hold.Released:
		return Settled{}, standing(order.Name, hold.Released)
	case ended.Found && ended.Settlement.State == hold.Pinned:
		return d.Confirm(ctx, order) // the order's own pin was committed after it was looked for; now it is there to be sold
	case ended.Found:
		return d.sold(ctx, order, ended)
	case len(ended.Others) > 0:
		return Settled{}, otherOrder(ended.Others[0].Seats)
	case order.Token == "":
		return Settled{}, d.unproven(ctx, order)
	}
	settled, err := d.settle(ctx, order, hold.Sold)
	if err == nil && settled.State == hold.Pinned {
		return d.Confirm(ctx, order) // the order's own pin came in between; now it is there to be confirmed
	}
	return settled, err
}

func (d *Desk) sold(ctx context.Context, order Order, ended ledger.Ended) (Settled, error) {
	if err := d.reach(ctx, AfterSale); err != nil {
		return Settled{}, err
	}
	d.mark(ctx, markOf(order, ended))
	return told(order, ended.Settlement, !ended.Now), nil
}

// unproven says why an order that shows no token cannot have a hold that it has not pinned.
func (d *Desk) unproven(ctx context.Context, order Order) error {
	found, err := d.Look(ctx, order.Name)
	if err != nil {
		return err
	}
	switch found.State {
	case hold.Held:
		return problem.New(problem.Forbidden, "this order has not pinned the hold, and shows no token of it")
	case hold.Pinning:
		return problem.New(problem.Unavailable, "the hold is being pinned, and it is not known yet how that ends").Definitely()
	case hold.Pinned, hold.Sold: // committed after the books were asked
		if found.OrderID == order.OrderID {
			return problem.New(problem.Unavailable, "this order's pin was committed meanwhile, and can be sold now").Definitely()
		}
		return otherOrder(found.Seats)
	}
	return standing(order.Name, found.State)
}

// GiveBack ends what an order pinned. Whatever it has not pinned stays as it is, but this order can never pin it.
func (d *Desk) GiveBack(ctx context.Context, order Order) error {
	if _, err := d.halls.find(ctx, order.Name.ShowID); err != nil {
		return err
	}
	ended, err := d.books.GiveBack(ctx, order.Name, order.OrderID)
	if err != nil {
		return err
	}
	if ended.Settlement.State == hold.Sold {
		return standing(order.Name, hold.Sold)
	}
	if ended.Settlement.State == hold.Pinned {
		return d.GiveBack(ctx, order) // the order's own pin came in between; now it is there to be ended
	}
	if err := d.reach(ctx, AfterRelease); err != nil {
		return err
	}
	if ended.Settlement.Fence != nil {
		d.mark(ctx, markOf(order, ended))
		return nil
	}
	// The tombstone keeps the order's pin from ever being committed, so the hold's time may run on; an empty memory has
	// nothing that could. That it fails changes no answer: the tombstone lasts, and a pin that stays under way is settled.
	if err := d.memory.Revert(context.WithoutCancel(ctx), order.Name, order.OrderID); err != nil && !errors.Is(err, seats.ErrUnloaded) {
		slog.WarnContext(ctx, "valkey was not told", "show_id", order.Name.ShowID, "state", hold.Released, "error", err)
	}
	return nil
}

func markOf(order Order, ended ledger.Ended) seats.Settled {
	return seats.Settled{
		Name: order.Name, OrderID: order.OrderID, State: ended.Settlement.State, Fence: *ended.Settlement.Fence,
		Seats: ended.Settlement.Seats, Epoch: ended.Epoch,
	}
}
