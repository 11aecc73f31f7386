package reserve_test

import (
	"context"
	"net/url"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"

	"trivet/reservation/internal/hold"
	"trivet/reservation/internal/ledger"
	"trivet/reservation/internal/reserve"
	"trivet/reservation/internal/testground"
)

// A confirmation sells what is pinned, and then looks how its order's settlement stands; the pin is committed in between.
func TestAPinThatIsCommittedWhileItsOrderConfirmsIsSold(t *testing.T) {
	here := newPlace(t)
	granted := here.hold("h", "a-1")
	confirming := here.warm()
	type ending struct {
		settled reserve.Settled
		err     error
	}
	confirmed, locked := make(chan ending, 1), make(chan error, 1)
	pinning := here.replica(func(_ context.Context, moment string) error {
		if moment == reserve.BeforeCommit {
			// Who waits for the table keeps the look at the epoch waiting, which stands between the two, until the pin is committed.
			go func() { locked <- here.lockShows() }()
			here.awaitWaiting(1)
			go func() {
				settled, err := confirming.Confirm(t.Context(), reserve.Order{Name: granted.Name, OrderID: "o"})
				confirmed <- ending{settled, err}
			}()
			here.awaitWaiting(2)
		}
		return nil
	})
	_, err := pinning.Pin(t.Context(), here.order(granted, "o"))
	must(t, err)
	must(t, <-locked)
	ended := <-confirmed
	must(t, ended.err)
	expect(t, ended.settled.State, hold.Sold)
	expect(t, here.states(), "a-1 sold, a-4 sold")
	settlements, err := here.books.Settlements(t.Context(), granted.Name)
	must(t, err)
	expect(t, settlements[0].State, hold.Sold)
}

// warm returns a desk whose only connection has confirmed before: the first time, PostgreSQL is asked what all statements
// are before any of them runs, and asking waits for the table too.
func (p *place) warm() *reserve.Desk {
	p.t.Helper()
	var name string
	must(p.t, p.books.Read(p.t.Context(), func(ctx context.Context, on ledger.Querier) error {
		return on.QueryRow(ctx, "SELECT current_database()").Scan(&name)
	}))
	address, err := url.Parse(os.Getenv(testground.DatabaseVariable))
	must(p.t, err)
	address.Path = "/" + name
	desk := reserve.New(p.store, testground.Open(p.t, address.String(), true), reserve.Limits{TTLMS: 60_000}, strikeAt("nowhere"))
	_, err = desk.Confirm(p.t.Context(), p.order(p.hold("before", "a-4"), "before"))
	must(p.t, err)
	return desk
}

func (p *place) lockShows() error {
	return p.books.Write(p.t.Context(), nil, func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "LOCK TABLE shows IN ACCESS EXCLUSIVE MODE")
		return err
	})
}

// awaitWaiting returns once so many wait in PostgreSQL for a lock.
func (p *place) awaitWaiting(count int) {
	p.t.Helper()
	for waiting := -1; waiting != count; {
		err := p.books.Write(p.t.Context(), nil, func(ctx context.Context, tx pgx.Tx) error {
			return tx.QueryRow(ctx, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'").Scan(&waiting)
		})
		if err != nil {
			p.t.Error(err)
			return
		}
	}
}
