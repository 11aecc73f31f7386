package reserve

import (
	"context"
	"time"

	"trivet/reservation/internal/hold"
	"trivet/reservation/internal/ledger"
	"trivet/reservation/internal/seats"
)

// Hall returns a show.
func (d *Desk) Hall(ctx context.Context, show string) (*Hall, error) { return d.halls.find(ctx, show) }

// Version returns the version of a show's seats as they are now: whoever knows it need not read the map.
func (d *Desk) Version(ctx context.Context, show string) (string, error) {
	if _, err := d.halls.find(ctx, show); err != nil {
		return "", err
	}
	var version string
	err := d.loaded(ctx, show, func() (err error) {
		if err := d.reap(ctx, show); err != nil { // or a seat that went free by time would be of the old version
			return err
		}
		version, err = d.memory.Version(ctx, show)
		return err
	})
	return version, unread(err)
}

// States returns the state of each of a block's seats, each as it was after the version that was read before.
func (d *Desk) States(ctx context.Context, show string, block ledger.Block) ([]hold.State, error) {
	var states []hold.State
	err := d.loaded(ctx, show, func() (err error) {
		states, err = d.memory.States(ctx, show, block.Seats)
		return err
	})
	return states, unread(err)
}

// Changes returns what changed after a version, see seats.Store.
func (d *Desk) Changes(ctx context.Context, show, after string, wait time.Duration) ([]seats.Change, bool, error) {
	found, known, err := d.memory.Changes(ctx, show, after, wait)
	return found, known, unread(err)
}
