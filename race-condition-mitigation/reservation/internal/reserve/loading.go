package reserve

import (
	"context"
	"errors"
	"time"

	"trivet/reservation/internal/seats"
)

const (
	loadsMost  = 5
	loadsPause = 10 * time.Millisecond
	loadWithin = 15 * time.Second
)

// loaded does something with a show's memory, and reads it from the books first if it is empty.
//
// Which race: Valkey is wiped between any two steps, even while its memory is being loaded. Why this guard: every script
// looks for the boot key itself, in the step that it does, so there is no moment between looking and doing. If it were
// lost, an empty memory would give away seats that are sold.
func (d *Desk) loaded(ctx context.Context, show string, work func() error) error {
	for range loadsMost {
		err := work()
		if !errors.Is(err, seats.ErrUnloaded) {
			return err
		}
		if err := d.load(ctx, show, d.isUnloaded); err != nil {
			return err
		}
	}
	return unloadable()
}

func (d *Desk) isUnloaded(ctx context.Context, show string) (bool, error) {
	_, err := d.memory.Epoch(ctx, show)
	if errors.Is(err, seats.ErrUnloaded) {
		return true, nil
	}
	return false, err
}

func always(context.Context, string) (bool, error) { return true, nil }

// load reads a show's memory from the books under a new epoch, if that is needed once nobody else does.
//
// Which race: a pin that Valkey agreed to and PostgreSQL has not committed. Why this guard: see ledger.Database.NewEpoch
// and Pin; whatever is not in what was read can never be committed under the old epoch. If it were lost, a hold that was
// on its way would be given back to time here and be sold there.
func (d *Desk) load(ctx context.Context, show string, needed func(context.Context, string) (bool, error)) error {
	loading := d.loads.DoChan(show, func() (any, error) {
		// Many may wait for this one, so it is not the first caller's to cancel.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), loadWithin)
		defer cancel()
		return nil, unread(d.read(ctx, show, needed))
	})
	select {
	case ended := <-loading:
		return ended.Err
	case <-ctx.Done():
		return unloadable()
	}
}

func (d *Desk) read(ctx context.Context, show string, needed func(context.Context, string) (bool, error)) error {
	if _, err := d.halls.find(ctx, show); err != nil {
		return err
	}
	if err := d.awaitOthers(ctx, show); err != nil {
		return err
	}
	epoch, marks, wanted, err := d.books.NewEpoch(ctx, show, func() (bool, error) { return needed(ctx, show) })
	if err != nil || !wanted {
		return err
	}
	if err := d.reach(ctx, AfterEpoch); err != nil {
		return err
	}
	done, err := d.memory.Load(ctx, show, epoch, marks)
	if err == nil && !done {
		pause(ctx, loadsPause) // somebody newer is at it, or it was wiped meanwhile
	}
	return err
}

// awaitOthers returns once nobody reads the show's memory in.
//
// Which race: two replicas find a great hall's memory empty. Each reads it under a newer epoch than the other and so ends
// the other's loading, which begins anew with a newer one, and neither comes to its end. Why this guard: who was overtaken
// waits for the one who overtook him, so each does it once at most. A reader that died is waited for as long as he says
// that he is at it, which is seconds. If it were lost, nobody holds or pins a seat of that show while both are asked.
func (d *Desk) awaitOthers(ctx context.Context, show string) error {
	for ctx.Err() == nil {
		if busy, err := d.memory.Loading(ctx, show); err != nil || !busy {
			return err
		}
		pause(ctx, loadsPause)
	}
	return unloadable()
}

func pause(ctx context.Context, duration time.Duration) {
	timer := time.NewTimer(duration)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
