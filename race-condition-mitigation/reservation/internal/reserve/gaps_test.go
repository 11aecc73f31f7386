package reserve_test

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"trivet/reservation/internal/hold"
	"trivet/reservation/internal/ledger"
	"trivet/reservation/internal/problem"
	"trivet/reservation/internal/reserve"
	"trivet/reservation/internal/seats"
)

// struck is a memory to which something happens before it is asked; nothing where nothing is set.
type struck struct {
	*seats.Store
	version, states, look, revert func()
}

func strike(what *func()) {
	if now := *what; now != nil {
		*what = nil
		now()
	}
}

func (s *struck) Version(ctx context.Context, show string) (string, error) {
	strike(&s.version)
	return s.Store.Version(ctx, show)
}

func (s *struck) States(ctx context.Context, show string, ids []string) ([]hold.State, error) {
	strike(&s.states)
	return s.Store.States(ctx, show, ids)
}

func (s *struck) Look(ctx context.Context, name hold.Name) (seats.Claim, error) {
	strike(&s.look)
	return s.Store.Look(ctx, name)
}

func (s *struck) Revert(ctx context.Context, name hold.Name, order string) error {
	strike(&s.revert)
	return s.Store.Revert(ctx, name, order)
}

func (p *place) over(memory reserve.Memory) *reserve.Desk {
	return reserve.New(memory, p.books, reserve.Limits{TTLMS: 60_000}, strikeAt("nowhere"))
}

// A listener joins, reads its map, and a seat is held before the feed's reader asked for the version that it begins at.
func TestAReaderThatBeginsLateMissesNothing(t *testing.T) {
	here := newPlace(t)
	here.states()
	held := make(chan struct{})
	memory := &struck{Store: here.store}
	memory.version = func() { <-held }
	feed := reserve.NewFeed(here.over(memory))
	joined := make(chan (<-chan []seats.Change))
	go func() {
		heard, stop := feed.Listen(t.Context(), here.show)
		t.Cleanup(stop)
		joined <- heard
	}()
	var heard <-chan []seats.Change
	select {
	case heard = <-joined: // whoever has joined may look now, and then something changes
		here.states()
		here.hold("h", "a-1")
		close(held)
	case <-time.After(300 * time.Millisecond): // or is kept waiting until he would miss nothing
		close(held)
		heard = <-joined
		here.hold("h", "a-1")
	}
	select {
	case changes := <-heard:
		expect(t, changes[0].Seats[0], "a-1")
	case <-time.After(7 * time.Second):
		t.Fatal("the hold is never told")
	}
}

// An order confirms without a token while its own pin is being committed on another replica.
func TestAnOrdersOwnPinIsNeverTooLateForItsConfirmation(t *testing.T) {
	here := newPlace(t)
	granted := here.hold("h", "a-1")
	memory := &struck{Store: here.store}
	memory.look = func() {
		_, err := here.desk.Pin(t.Context(), here.order(granted, "o"))
		must(t, err)
	}
	settled, err := here.over(memory).Confirm(t.Context(), reserve.Order{Name: granted.Name, OrderID: "o"})
	if err != nil {
		expectCode(t, err, problem.Unavailable) // at the worst: ask again
		return
	}
	expect(t, settled.State, hold.Sold)
}

func TestAnotherOrdersPinIsAlreadyHeldForAConfirmation(t *testing.T) {
	here := newPlace(t)
	granted := here.hold("h", "a-1")
	memory := &struck{Store: here.store}
	memory.look = func() {
		_, err := here.desk.Pin(t.Context(), here.order(granted, "other"))
		must(t, err)
	}
	_, err := here.over(memory).Confirm(t.Context(), reserve.Order{Name: granted.Name, OrderID: "o"})
	expectCode(t, err, problem.AlreadyHeld)
}

// A person whose seat is another's is not told that it is his order's.
func TestWhoLostASeatToABrokenMemoryIsNotToldThatHeBoughtIt(t *testing.T) {
	here := newPlace(t)
	_, err := here.desk.Confirm(t.Context(), here.order(here.hold("sold", "a-1"), "o"))
	must(t, err)
	must(t, here.client.Do(t.Context(), here.client.B().Del().Key("hold:{"+here.show+"}:a-1").Build()).Error())
	second := here.hold("second", "a-1")
	_, err = here.desk.Pin(t.Context(), here.order(second, "o2"))
	expectCode(t, err, problem.AlreadyHeld)
	found, err := here.desk.Look(t.Context(), second.Name)
	if err == nil && (found.State == hold.Sold || found.State == hold.Pinned) {
		t.Fatalf("the hold is told to be %s by %s, who has nothing", found.State, found.OrderID)
	}
}

func TestAReleaseThatIsRepeatedIsToldTheSameByAnEmptyMemory(t *testing.T) {
	here := newPlace(t)
	granted := here.hold("h", "a-1")
	_, err := here.desk.Pin(t.Context(), here.order(granted, "o"))
	must(t, err)
	must(t, here.desk.GiveBack(t.Context(), here.order(granted, "o")))
	must(t, here.desk.Release(t.Context(), granted.Name))
	here.wipe()
	must(t, here.desk.Release(t.Context(), granted.Name))
	_, err = here.desk.Hold(t.Context(), reserve.Wanted{Name: granted.Name, Seats: []string{"a-1"}})
	expectCode(t, err, problem.HoldReleased)
}

func TestAWipeBeforeARefusedPinIsUndoneChangesNoAnswer(t *testing.T) {
	here := newPlace(t)
	granted := here.hold("h", "a-1")
	must(t, here.desk.GiveBack(t.Context(), here.order(granted, "o")))
	memory := &struck{Store: here.store}
	memory.revert = here.wipe
	_, err := here.over(memory).Pin(t.Context(), here.order(granted, "o"))
	expectCode(t, err, problem.HoldReleased)
}

func TestAnEmptyMemoryIsNoMapOfFreeSeats(t *testing.T) {
	here := newPlace(t)
	_, err := here.desk.Confirm(t.Context(), here.order(here.hold("h", "a-1"), "o"))
	must(t, err)
	memory := &struck{Store: here.store}
	desk := here.over(memory)
	hall, err := desk.Hall(t.Context(), here.show)
	must(t, err)
	_, err = desk.Version(t.Context(), here.show)
	must(t, err)
	memory.states = here.wipe
	found, err := desk.States(t.Context(), here.show, hall.Show.Blocks[0])
	if err == nil {
		expect(t, found[0], hold.Sold)
	}
}

// The clock was a day ahead for a moment, and is right again: what it wrote into the feed stays.
func TestAClockThatWasAheadKeepsNoSeat(t *testing.T) {
	here := newPlace(t)
	here.states()
	day := time.Now().Add(24 * time.Hour).UnixMilli()
	add := here.client.B().Xadd().Key("changes:{"+here.show+"}").Id(strconv.FormatInt(day, 10)+"-0").
		FieldValue().FieldValue("free", "a-2").Build()
	must(t, here.client.Do(t.Context(), add).Error())
	granted := here.hold("h", "a-1")
	_, err := here.desk.Extend(t.Context(), granted.Name, granted.Token, 60_000)
	must(t, err)
	left, err := here.client.Do(t.Context(), here.client.B().Pttl().Key("hold:{"+here.show+"}:a-1").Build()).AsInt64()
	must(t, err)
	if left > 120_000 {
		t.Errorf("the seat of a minute is kept for %s", time.Duration(left)*time.Millisecond)
	}
	if ahead := time.Until(granted.ExpiresAt); ahead > 2*time.Minute {
		t.Errorf("a hold of a minute is told to end in %s", ahead)
	}
}

// A pin that nobody finished, under a clock that was a day ahead.
func TestAClockThatWasAheadKeepsNoPinUnderWay(t *testing.T) {
	here := newPlace(t)
	granted := here.hold("h", "a-1")
	_, err := here.store.BeginPin(t.Context(), granted.Name, granted.Token, "o")
	must(t, err)
	claim := "claim:{" + here.show + "}:5:alice:h"
	day := float64(time.Now().Add(24 * time.Hour).UnixMilli())
	must(t, here.client.Do(t.Context(), here.client.B().Zadd().Key("pinning:{"+here.show+"}").ScoreMember().ScoreMember(day, claim).Build()).Error())
	must(t, reserve.SweepOnce(t.Context(), here.desk))
	found, err := here.desk.Look(t.Context(), granted.Name)
	must(t, err)
	expect(t, found.State, hold.Held)
}

func TestARefusalThatIsRepeatedSaysSo(t *testing.T) {
	here := newPlace(t)
	here.hold("h", "a-1")
	for _, want := range []string{"", "true"} {
		_, err := here.desk.Hold(t.Context(), reserve.Wanted{Name: here.name("late"), Seats: []string{"a-1"}})
		var refused *problem.Error
		if !errors.As(err, &refused) {
			t.Fatal(err)
		}
		expect(t, refused.Code, problem.AlreadyHeld)
		expect(t, refused.Headers.Get("idempotency-replayed"), want)
	}
}

// gone is a memory whose server is away by the time that a pin is to be taken back.
type gone struct{ *seats.Store }

func (gone) Revert(context.Context, hold.Name, string) error {
	return &seats.AwayError{Sent: false, Err: errors.New("connection refused")}
}

// A tombstone that was committed is never said to be none, with Valkey or without.
func TestATombstoneThatLastsIsNotSaidToBeNone(t *testing.T) {
	here := newPlace(t)
	granted := here.hold("h", "a-1")
	order := here.order(granted, "o")
	_, err := here.store.BeginPin(t.Context(), granted.Name, granted.Token, "o")
	must(t, err)
	err = here.over(gone{here.store}).GiveBack(t.Context(), order)
	var refused *problem.Error
	if errors.As(err, &refused) && refused.IsDefinite() {
		_, err := here.desk.Pin(t.Context(), order)
		t.Fatalf("nothing happened, it is said; and its pin is refused with %s", code(err))
	}
	must(t, err)
	must(t, reserve.SweepOnce(t.Context(), here.desk)) // and nobody has to say it again for the hold's time to run on
	found, err := here.desk.Look(t.Context(), granted.Name)
	must(t, err)
	expect(t, found.State, hold.Held)
}

// A process keeps 64 shows in mind and sweeps those; who listens to another one is told of a hold that ran out all the same.
func TestAListenersShowIsNeverOutOfMind(t *testing.T) {
	here := newPlace(t)
	here.states()
	heard, stop := reserve.NewFeed(here.desk).Listen(t.Context(), here.show)
	defer stop()
	here.hold("h", "a-1")
	for number := range 64 {
		other := ledger.Show{ID: here.show + "-" + strconv.Itoa(number), Name: "Hamlet", Currency: "EUR"}
		other.Blocks = []ledger.Block{{Name: "a", UnitPriceMinor: 1, Seats: []string{"a-1"}}}
		must(t, here.books.Write(t.Context(), nil, func(ctx context.Context, tx pgx.Tx) error {
			_, err := ledger.InsertShow(ctx, tx, other)
			return err
		}))
		_, err := here.desk.Hall(t.Context(), other.ID)
		must(t, err)
	}
	here.expire("h", "a-1")
	must(t, reserve.SweepOnce(t.Context(), here.desk))
	for late := time.After(8 * time.Second); ; {
		select {
		case changes := <-heard:
			if changes[len(changes)-1].State == seats.Free {
				return
			}
		case <-late:
			t.Fatal("the seat that went free is never told")
		}
	}
}
