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

// Several replicas find a great hall's memory empty at once.
func TestReplicasThatReadAGreatHallAtOnceComeToAnEnd(t *testing.T) {
	ids := make([]string, 50_000)
	for place := range ids {
		ids[place] = fmt.Sprintf("a-%d", place)
	}
	here := newPlace(t, ids...)
	must(t, here.books.Write(t.Context(), nil, func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO taken (show_id, seat_id, subject, hold_id, order_id, state, fence, unit_price_minor)
			SELECT $1, 'a-' || n, 's', 'h' || n, 'o', 'sold', n, 4500 FROM generate_series(1, 49999) AS n`, here.show)
		return err
	}))
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
