package api

import (
	"context"
	"strconv"
	"testing"

	"github.com/jackc/pgx/v5"

	"trivet/reservation/internal/hold"
	"trivet/reservation/internal/ledger"
	"trivet/reservation/internal/reserve"
	"trivet/reservation/internal/seats"
	"trivet/reservation/internal/testground"
)

// Who comes back after more changes than are read at once is told all of them: what is heard afterwards begins behind them.
func TestWhoComesBackMissesNothing(t *testing.T) {
	store, books, show := seats.New(testground.Link(t), testground.Limits), testground.Books(t, true), testground.Fresh(t)
	err := books.Write(t.Context(), nil, func(ctx context.Context, tx pgx.Tx) error {
		_, err := ledger.InsertShow(ctx, tx, ledger.Show{ID: show, Name: "Hamlet", Currency: "EUR", Blocks: []ledger.Block{{Name: "a", Seats: []string{"a-1"}}}})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	desk := reserve.New(store, books, reserve.Limits{TTLMS: 60_000}, func(context.Context, string) error { return nil })
	last, err := desk.Version(t.Context(), show)
	if err != nil {
		t.Fatal(err)
	}
	const holds = 300
	for number := range holds {
		name := hold.Name{ShowID: show, Subject: "alice", ID: strconv.Itoa(number)}
		if _, err := desk.Hold(t.Context(), reserve.Wanted{Name: name, Seats: []string{"a-1"}}); err != nil {
			t.Fatal(err)
		}
		if err := desk.Release(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	missed, err := stream{service: &Service{desk: desk}, show: show}.first(t.Context(), &last)
	if err != nil {
		t.Fatal(err)
	}
	if len(missed) != 2*holds {
		t.Fatalf("told %d of %d changes", len(missed), 2*holds)
	}
}
