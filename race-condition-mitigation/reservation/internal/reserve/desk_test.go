package reserve_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"trivet/reservation/internal/hold"
	"trivet/reservation/internal/problem"
	"trivet/reservation/internal/reserve"
)

func TestAHoldIsOnesOwnUntilItIsSold(t *testing.T) {
	here := newPlace(t)
	granted := here.hold("h", "a-1", "a-2")
	expect(t, here.states(), "a-1 held, a-2 held")
	pinned, err := here.desk.Pin(t.Context(), here.order(granted, "o"))
	must(t, err)
	expect(t, here.states(), "a-1 pinned, a-2 pinned")
	expect(t, hold.Total(pinned.Lines), int64(9000))
	sold, err := here.desk.Confirm(t.Context(), reserve.Order{Name: granted.Name, OrderID: "o"})
	must(t, err)
	expect(t, sold.Fence, pinned.Fence)
	expect(t, here.states(), "a-1 sold, a-2 sold")
}

func TestAllSeatsOrNone(t *testing.T) {
	here := newPlace(t)
	here.hold("first", "a-2")
	_, err := here.desk.Hold(t.Context(), reserve.Wanted{Name: here.name("second"), Seats: []string{"a-1", "a-2", "a-3"}})
	expectCode(t, err, problem.AlreadyHeld)
	var refused *problem.Error
	errors.As(err, &refused)
	if taken, _ := refused.Members["seats"].([]string); !slices.Equal(taken, []string{"a-2"}) {
		t.Fatalf("told %v taken", taken)
	}
	expect(t, here.states(), "a-2 held")
	must(t, here.desk.Release(t.Context(), here.name("first")))
	_, err = here.desk.Hold(t.Context(), reserve.Wanted{Name: here.name("second"), Seats: []string{"a-1", "a-2", "a-3"}})
	expectCode(t, err, problem.AlreadyHeld) // what its id was told is told again
}

func TestARepeatIsToldTheSame(t *testing.T) {
	here := newPlace(t)
	first := here.hold("h", "a-1")
	again := here.hold("h", "a-1")
	expect(t, again.Again, true)
	expect(t, again.Token, first.Token)
	expect(t, again.ExpiresAt, first.ExpiresAt)
	_, _, err := here.store.Extend(t.Context(), first.Name, first.Token, 90_000)
	must(t, err)
	expect(t, here.hold("h", "a-1").ExpiresAt, first.ExpiresAt)
	_, err = here.desk.Hold(t.Context(), reserve.Wanted{Name: here.name("h"), Seats: []string{"a-2"}})
	expectCode(t, err, problem.IdempotencyKeyReuse)
}

func TestATombstoneRefusesTheLateHold(t *testing.T) {
	here := newPlace(t)
	must(t, here.desk.Release(t.Context(), here.name("late")))
	_, err := here.desk.Hold(t.Context(), reserve.Wanted{Name: here.name("late"), Seats: []string{"a-1"}})
	expectCode(t, err, problem.HoldReleased)
	expect(t, here.states(), "")
}

func TestOnlyTheTokenMovesAHold(t *testing.T) {
	here := newPlace(t)
	granted := here.hold("h", "a-1")
	_, err := here.desk.Extend(t.Context(), granted.Name, "another", 1000)
	expectCode(t, err, problem.Forbidden)
	_, err = here.desk.Pin(t.Context(), reserve.Order{Name: granted.Name, OrderID: "o", Token: "another"})
	expectCode(t, err, problem.Forbidden)
	_, err = here.desk.Confirm(t.Context(), reserve.Order{Name: granted.Name, OrderID: "o"})
	expectCode(t, err, problem.Forbidden)
	expect(t, here.states(), "a-1 held")
}

func TestAnExpiredHoldMovesNothing(t *testing.T) {
	here := newPlace(t)
	granted := here.hold("h", "a-1")
	here.expire("h", "a-1")
	_, err := here.desk.Pin(t.Context(), here.order(granted, "o"))
	expectCode(t, err, problem.HoldExpired)
	_, err = here.desk.Confirm(t.Context(), here.order(granted, "o"))
	expectCode(t, err, problem.HoldExpired)
	_, err = here.desk.Extend(t.Context(), granted.Name, granted.Token, 1000)
	expectCode(t, err, problem.HoldExpired)
	other := here.hold("other", "a-1")
	must(t, here.desk.Release(t.Context(), granted.Name))
	expect(t, here.states(), "a-1 held") // the other's seat is not the first one's to give back
	_, err = here.desk.Pin(t.Context(), here.order(other, "o2"))
	must(t, err)
}

func TestAnOrdersPinIsItsOwn(t *testing.T) {
	here := newPlace(t)
	granted := here.hold("h", "a-1")
	first, err := here.desk.Pin(t.Context(), here.order(granted, "o"))
	must(t, err)
	again, err := here.desk.Pin(t.Context(), here.order(granted, "o"))
	must(t, err)
	expect(t, again.Again, true)
	expect(t, again.Fence, first.Fence)
	_, err = here.desk.Pin(t.Context(), here.order(granted, "another"))
	expectCode(t, err, problem.AlreadyHeld)
	must(t, here.desk.GiveBack(t.Context(), here.order(granted, "another"))) // a tombstone, and nothing else
	expect(t, here.states(), "a-1 pinned")
	expectCode(t, here.desk.Release(t.Context(), granted.Name), problem.TooLate)
	must(t, here.desk.GiveBack(t.Context(), here.order(granted, "o")))
	expect(t, here.states(), "")
	_, err = here.desk.Pin(t.Context(), here.order(granted, "o"))
	expectCode(t, err, problem.HoldReleased)
	_, err = here.desk.Confirm(t.Context(), here.order(granted, "o"))
	expectCode(t, err, problem.HoldReleased)
	second := here.hold("h2", "a-1")
	later, err := here.desk.Pin(t.Context(), here.order(second, "o2"))
	must(t, err)
	if later.Fence <= first.Fence {
		t.Fatalf("fence %d after %d", later.Fence, first.Fence)
	}
}

func TestAnOrdersTombstoneRefusesItsLatePin(t *testing.T) {
	here := newPlace(t)
	granted := here.hold("h", "a-1")
	must(t, here.desk.GiveBack(t.Context(), here.order(granted, "o")))
	_, err := here.desk.Pin(t.Context(), here.order(granted, "o"))
	expectCode(t, err, problem.HoldReleased)
	expect(t, here.states(), "a-1 held") // it is the customer's still, and runs out
	_, err = here.desk.Pin(t.Context(), here.order(granted, "another"))
	must(t, err)
}

func TestAPinThatIsCommittedWhileItsOrderGivesBackIsEndedToo(t *testing.T) {
	here := newPlace(t)
	granted := here.hold("h", "a-1")
	given := make(chan error, 1)
	pinning := here.replica(func(_ context.Context, moment string) error {
		if moment == reserve.BeforeCommit {
			go func() { given <- here.desk.GiveBack(t.Context(), reserve.Order{Name: granted.Name, OrderID: "o"}) }()
			here.awaitWaiter()
		}
		return nil
	})
	_, err := pinning.Pin(t.Context(), here.order(granted, "o"))
	must(t, err)
	must(t, <-given)
	expect(t, here.states(), "")
	_, err = here.desk.Confirm(t.Context(), reserve.Order{Name: granted.Name, OrderID: "o"})
	expectCode(t, err, problem.HoldReleased)
}

func TestASaleIsNotGivenBack(t *testing.T) {
	here := newPlace(t)
	granted := here.hold("h", "a-1")
	sold, err := here.desk.Confirm(t.Context(), here.order(granted, "o"))
	must(t, err)
	expect(t, sold.State, hold.Sold)
	expectCode(t, here.desk.GiveBack(t.Context(), here.order(granted, "o")), problem.TooLate)
	expectCode(t, here.desk.Release(t.Context(), granted.Name), problem.TooLate)
	again, err := here.desk.Confirm(t.Context(), reserve.Order{Name: granted.Name, OrderID: "o"})
	must(t, err)
	expect(t, again.Again, true)
}

func TestWhatIsSoldOutlivesAWipe(t *testing.T) {
	here := newPlace(t)
	sold := here.hold("sold", "a-1")
	_, err := here.desk.Confirm(t.Context(), here.order(sold, "o"))
	must(t, err)
	pinned := here.hold("pinned", "a-2")
	_, err = here.desk.Pin(t.Context(), here.order(pinned, "o2"))
	must(t, err)
	held := here.hold("held", "a-3")
	here.wipe()
	expect(t, here.states(), "a-1 sold, a-2 pinned")
	_, err = here.desk.Pin(t.Context(), here.order(held, "o3"))
	expectCode(t, err, problem.NotFound)
	_, err = here.desk.Hold(t.Context(), reserve.Wanted{Name: here.name("again"), Seats: []string{"a-1"}})
	expectCode(t, err, problem.AlreadyHeld)
	expectCode(t, here.desk.Release(t.Context(), pinned.Name), problem.TooLate)
	again, err := here.desk.Pin(t.Context(), here.order(pinned, "o2"))
	must(t, err)
	expect(t, again.Again, true)
	_, err = here.desk.Confirm(t.Context(), reserve.Order{Name: pinned.Name, OrderID: "o2"})
	must(t, err)
	expect(t, here.states(), "a-1 sold, a-2 sold")
}

func TestAPinOfAForgottenMemoryIsNotCommitted(t *testing.T) {
	here := newPlace(t)
	granted := here.hold("h", "a-1")
	var other reserve.Granted
	struck := here.replica(func(_ context.Context, name string) error {
		if name == reserve.AfterBegin && other.Token == "" {
			here.wipe()
			other = here.hold("other", "a-1")
		}
		return nil
	})
	_, err := struck.Pin(t.Context(), here.order(granted, "o"))
	expectCode(t, err, problem.NotFound)
	_, err = here.desk.Confirm(t.Context(), here.order(other, "o2"))
	must(t, err)
	expect(t, here.states(), "a-1 sold")
}

var errStruck = errors.New("struck")

func strikeAt(moment string) reserve.Failpoint {
	return func(_ context.Context, name string) error {
		if name == moment {
			return errStruck
		}
		return nil
	}
}

func TestWhoeverDiesOnTheWayLeavesAPinToBeSettled(t *testing.T) {
	for _, moment := range []string{reserve.AfterBegin, reserve.BeforeCommit} {
		here := newPlace(t)
		granted := here.hold("h", "a-1")
		_, err := here.replica(strikeAt(moment)).Pin(t.Context(), here.order(granted, "o"))
		expect(t, errors.Is(err, errStruck), true)
		must(t, reserve.SweepOnce(t.Context(), here.desk))
		standing, err := here.desk.Look(t.Context(), granted.Name)
		must(t, err)
		expect(t, standing.State, hold.Held)
		_, err = here.desk.Pin(t.Context(), here.order(granted, "another"))
		must(t, err)
	}
}

func TestWhoeverDiesAfterTheCommitHasPinned(t *testing.T) {
	here := newPlace(t)
	granted := here.hold("h", "a-1")
	_, err := here.replica(strikeAt(reserve.AfterCommit)).Pin(t.Context(), here.order(granted, "o"))
	expect(t, errors.Is(err, errStruck), true)
	expect(t, here.states(), "a-1 held")
	must(t, reserve.SweepOnce(t.Context(), here.desk))
	expect(t, here.states(), "a-1 pinned")
	again, err := here.desk.Pin(t.Context(), here.order(granted, "o"))
	must(t, err)
	expect(t, again.Again, true)
}

func TestWhatValkeyWasNotToldIsToldAgain(t *testing.T) {
	here := newPlace(t)
	sold, given := here.hold("sold", "a-1"), here.hold("given", "a-2")
	for _, granted := range []reserve.Granted{sold, given} {
		_, err := here.desk.Pin(t.Context(), here.order(granted, "o"))
		must(t, err)
	}
	_, err := here.replica(strikeAt(reserve.AfterSale)).Confirm(t.Context(), here.order(sold, "o"))
	expect(t, errors.Is(err, errStruck), true)
	err = here.replica(strikeAt(reserve.AfterRelease)).GiveBack(t.Context(), here.order(given, "o"))
	expect(t, errors.Is(err, errStruck), true)
	expect(t, here.states(), "a-1 pinned, a-2 pinned")
	must(t, reserve.SweepOnce(t.Context(), here.desk))
	expect(t, here.states(), "a-1 sold")
	must(t, reserve.SweepOnce(t.Context(), here.desk))
	left, err := here.books.Unmarked(t.Context(), 0, 10)
	must(t, err)
	expect(t, len(left), 0)
}

func TestALateMarkTouchesNobodysSeat(t *testing.T) {
	here := newPlace(t)
	granted := here.hold("h", "a-1")
	_, err := here.replica(func(ctx context.Context, name string) error {
		if name == reserve.AfterCommit { // it stands still here while its order gives the seat back and another takes it
			must(t, here.desk.GiveBack(ctx, here.order(granted, "o")))
			here.hold("other", "a-1")
		}
		return nil
	}).Pin(t.Context(), here.order(granted, "o"))
	must(t, err)
	expect(t, here.states(), "a-1 held")
}

func TestOneSeatManyHands(t *testing.T) {
	here := newPlace(t)
	var group sync.WaitGroup
	var mutex sync.Mutex
	var sold []string
	for number := range 64 {
		group.Go(func() {
			id := fmt.Sprintf("h-%d", number)
			desk := here.replica(nil)
			granted, err := desk.Hold(context.Background(), reserve.Wanted{Name: here.name(id), Seats: []string{"a-1"}})
			if err != nil {
				return
			}
			if _, err := desk.Confirm(context.Background(), here.order(granted, id)); err == nil {
				mutex.Lock()
				sold = append(sold, id)
				mutex.Unlock()
			}
		})
	}
	group.Wait()
	expect(t, len(sold), 1)
}
