package ledger_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"trivet/reservation/internal/hold"
	"trivet/reservation/internal/ledger"
	"trivet/reservation/internal/testground"
)

// evening is books with one show, and a session that looks on.
type evening struct {
	t     *testing.T
	books *ledger.Database
	admin *pgx.Conn
	name  hold.Name
}

func newEvening(t *testing.T) evening {
	t.Helper()
	address := testground.DatabaseURL(t)
	if err := ledger.Migrate(t.Context(), address, true); err != nil {
		t.Fatal(err)
	}
	admin, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = admin.Close(context.Background()) })
	here := evening{t, testground.Open(t, address, true), admin, hold.Name{ShowID: "s", Subject: "alice", ID: "h"}}
	show := ledger.Show{ID: "s", Name: "Hamlet", Currency: "EUR", Blocks: []ledger.Block{{Name: "a", UnitPriceMinor: 4500, Seats: []string{"a-1", "a-2"}}}}
	err = here.books.Write(t.Context(), nil, func(ctx context.Context, tx pgx.Tx) error {
		_, err := ledger.InsertShow(ctx, tx, show)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return here
}

func (e evening) pin(before func() error) (int64, error) {
	return e.books.Pin(context.Background(), ledger.Pin{
		Name: e.name, OrderID: "o", State: hold.Pinned, Currency: "EUR", Lines: []hold.Price{{Seat: "a-1", UnitPriceMinor: 4500}},
	}, before)
}

// untilSomebodyWaits returns once a session of this database waits for a lock.
func (e evening) untilSomebodyWaits() {
	e.t.Helper()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for {
		var waits bool
		err := e.admin.QueryRow(e.t.Context(), `SELECT EXISTS (SELECT FROM pg_stat_activity
			WHERE datname = current_database() AND wait_event_type = 'Lock')`).Scan(&waits)
		if err != nil {
			e.t.Fatal(err)
		}
		if waits {
			return
		}
		select {
		case <-ticker.C:
		case <-e.t.Context().Done():
			e.t.Fatal("nobody waited")
		}
	}
}

// TestAnOlderEpochCommitsNothing is the race that an epoch is there for.
func TestAnOlderEpochCommitsNothing(t *testing.T) {
	here := newEvening(t)
	epoch, marks, wanted, err := here.books.NewEpoch(t.Context(), "s", func() (bool, error) { return true, nil })
	if err != nil || !wanted || epoch != 1 || len(marks) != 0 {
		t.Fatal(epoch, marks, wanted, err)
	}
	if _, err := here.pin(nil); !errors.Is(err, ledger.ErrEpoch) {
		t.Fatal("it was committed", err)
	}
}

// TestANewEpochWaitsForThePinThatIsUnderWay finds it in what it reads.
func TestANewEpochWaitsForThePinThatIsUnderWay(t *testing.T) {
	here := newEvening(t)
	reached, commit, pinned := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		_, err := here.pin(func() error { close(reached); <-commit; return nil })
		pinned <- err
	}()
	<-reached
	read := make(chan int, 1)
	go func() {
		_, marks, _, err := here.books.NewEpoch(context.Background(), "s", func() (bool, error) { return true, nil })
		if err != nil {
			t.Error(err)
		}
		read <- len(marks)
	}()
	here.untilSomebodyWaits()
	close(commit)
	if err := <-pinned; err != nil {
		t.Fatal(err)
	}
	if count := <-read; count != 1 {
		t.Fatalf("%d seats were read", count)
	}
}
