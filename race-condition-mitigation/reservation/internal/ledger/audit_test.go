package ledger_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"trivet/reservation/internal/hold"
	"trivet/reservation/internal/ledger"
	"trivet/reservation/internal/testground"
)

// broken is what each promise looks like when it is broken, in books without the guards.
var broken = map[string]string{
	"seats":   "INSERT INTO taken SELECT * FROM taken WHERE seat_id = 'a-1'",
	"known":   "UPDATE taken SET unit_price_minor = 1",
	"settled": "DELETE FROM taken WHERE seat_id = 'a-1'",
	"owned":   "UPDATE settlements SET state = 'released'",
	"orders":  "INSERT INTO settlements SELECT show_id, subject, hold_id, 'another', state, 1 + fence, seats, unit_prices_minor, total_minor, currency FROM settlements",
	"totals":  "UPDATE settlements SET total_minor = 1",
	"fences":  "UPDATE settlements SET fence = fence + 1000",
}

func books(t *testing.T) string {
	t.Helper()
	address := testground.DatabaseURL(t)
	if err := ledger.Migrate(t.Context(), address, false); err != nil {
		t.Fatal(err)
	}
	here := testground.Open(t, address, false)
	show := ledger.Show{ID: "s", Name: "Hamlet", Currency: "EUR", Blocks: []ledger.Block{{Name: "a", UnitPriceMinor: 4500, Seats: []string{"a-1", "a-2"}}}}
	err := here.Write(t.Context(), nil, func(ctx context.Context, tx pgx.Tx) error {
		_, err := ledger.InsertShow(ctx, tx, show)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	fence, err := here.Pin(t.Context(), ledger.Pin{
		Name: hold.Name{ShowID: "s", Subject: "alice", ID: "h"}, OrderID: "o", State: hold.Sold, Currency: "EUR",
		Lines: []hold.Price{{Seat: "a-1", UnitPriceMinor: 4500}, {Seat: "a-2", UnitPriceMinor: 4500}},
	}, nil)
	if err != nil || fence == 0 {
		t.Fatal(fence, err)
	}
	return address
}

func TestRightBooksAreProven(t *testing.T) {
	audit, err := ledger.Prove(t.Context(), books(t))
	if err != nil || !audit.Proven {
		t.Fatal(audit, err)
	}
	for _, rule := range audit.Rules {
		if rule.Observed == 0 {
			t.Errorf("%s looked at nothing", rule.Name)
		}
	}
}

func TestEachBrokenPromiseIsFound(t *testing.T) {
	for name, statement := range broken {
		t.Run(name, func(t *testing.T) {
			address := books(t)
			connection, err := pgx.Connect(t.Context(), address)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = connection.Close(context.Background()) }()
			if _, err := connection.Exec(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
			audit, err := ledger.Prove(t.Context(), address)
			if err != nil {
				t.Fatal(err)
			}
			for _, rule := range audit.Rules {
				if rule.Name == name {
					if rule.Proven || len(rule.Offenders) == 0 {
						t.Fatal("it was not found", rule)
					}
					return
				}
			}
			t.Fatal("no such promise")
		})
	}
}
