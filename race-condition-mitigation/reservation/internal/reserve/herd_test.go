package reserve_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"trivet/reservation/internal/problem"
	"trivet/reservation/internal/reserve"
)

// greatHall returns a hall of 50,000 seats, of which the first two are not sold.
func greatHall(t *testing.T) *place {
	t.Helper()
	ids := make([]string, 50_000)
	for place := range ids {
		ids[place] = fmt.Sprintf("a-%d", place)
	}
	here := newPlace(t, ids...)
	must(t, here.books.Write(t.Context(), nil, func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO taken (show_id, seat_id, subject, hold_id, order_id, state, fence, unit_price_minor)
			SELECT $1, 'a-' || n, 's', 'h' || n, 'o', 'sold', n, 4500 FROM generate_series(2, 49999) AS n`, here.show)
		return err
	}))
	return here
}

// Several replicas find a great hall's memory empty at once.
func TestReplicasThatReadAGreatHallAtOnceComeToAnEnd(t *testing.T) {
	here := greatHall(t)
	var group sync.WaitGroup
	for number := range 3 {
		desk := here.replica(nil)
		group.Go(func() {
			_, err := desk.Hold(t.Context(), reserve.Wanted{Name: here.name(fmt.Sprint(number)), Seats: []string{"a-0"}})
			if err != nil && code(err) != problem.AlreadyHeld {
				t.Error(err)
			}
		})
	}
	group.Wait()
	epochs, err := here.books.Epochs(t.Context(), []string{here.show})
	must(t, err)
	if epochs[here.show] > 6 {
		t.Error("they overtook each other")
	}
}

// A pin that somebody left under way has a great hall read anew; who pins meanwhile waits for that, and begins again.
func TestAPinWaitsForTheReadingOfAGreatHall(t *testing.T) {
	here := greatHall(t)
	left, granted := here.hold("left", "a-0"), here.hold("h", "a-1")
	_, err := here.store.BeginPin(t.Context(), left.Name, left.Token, "o")
	must(t, err)
	read := make(chan error, 1)
	sweeping := here.replica(func(_ context.Context, moment string) error {
		if moment == reserve.AfterEpoch {
			go func() {
				busy, err := false, error(nil)
				for !busy && err == nil {
					busy, err = here.store.Loading(t.Context(), here.show)
				}
				if err == nil {
					_, err = here.desk.Pin(t.Context(), here.order(granted, "o"))
				}
				read <- err
			}()
		}
		return nil
	})
	_, err = sweeping.Hall(t.Context(), here.show)
	must(t, err)
	must(t, reserve.SweepOnce(t.Context(), sweeping))
	must(t, <-read)
}
