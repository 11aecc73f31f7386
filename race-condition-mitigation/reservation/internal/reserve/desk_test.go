package reserve_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/valkey-io/valkey-go"

	"trivet/reservation/internal/hold"
	"trivet/reservation/internal/ledger"
	"trivet/reservation/internal/problem"
	"trivet/reservation/internal/reserve"
	"trivet/reservation/internal/seats"
	"trivet/reservation/internal/testground"
)

// place is a show with desks on real servers; each desk is as a replica of its own.
type place struct {
	t      *testing.T
	show   string
	store  *seats.Store
	books  *ledger.Database
	client valkey.Client
	desk   *reserve.Desk
}

func newPlace(t *testing.T, ids ...string) *place {
	t.Helper()
	link, books := testground.Link(t), testground.Books(t, true)
	client, err := link.Client()
	if err != nil {
		t.Fatal(err)
	}
	here := &place{t: t, show: testground.Fresh(t), store: seats.New(link, testground.Limits), books: books, client: client}
	here.desk = here.replica(nil)
	if len(ids) == 0 {
		ids = []string{"a-1", "a-2", "a-3", "a-4"}
	}
	show := ledger.Show{ID: here.show, Name: "Hamlet", Currency: "EUR", Blocks: []ledger.Block{{Name: "a", UnitPriceMinor: 4500, Seats: ids}}}
	err = books.Write(t.Context(), nil, func(ctx context.Context, tx pgx.Tx) error {
		_, err := ledger.InsertShow(ctx, tx, show)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return here
}

// replica returns another desk on the same servers, which is struck where reach says.
func (p *place) replica(reach reserve.Failpoint) *reserve.Desk {
	if reach == nil {
		reach = func(context.Context, string) error { return nil }
	}
	return reserve.New(p.store, p.books, reserve.Limits{TTLMS: 60_000, PinningGraceMS: 0}, reach)
}

func (p *place) name(id string) hold.Name { return hold.Name{ShowID: p.show, Subject: "alice", ID: id} }

func (p *place) hold(id string, seats ...string) reserve.Granted {
	p.t.Helper()
	granted, err := p.desk.Hold(p.t.Context(), reserve.Wanted{Name: p.name(id), Seats: seats})
	if err != nil {
		p.t.Fatal(err)
	}
	return granted
}

func (p *place) order(granted reserve.Granted, order string) reserve.Order {
	return reserve.Order{Name: granted.Name, OrderID: order, Token: granted.Token}
}

// states returns every seat that is not free, with its state.
func (p *place) states() string {
	p.t.Helper()
	hall, err := p.desk.Hall(p.t.Context(), p.show)
	if err != nil {
		p.t.Fatal(err)
	}
	if _, err := p.desk.Version(p.t.Context(), p.show); err != nil {
		p.t.Fatal(err)
	}
	block := hall.Show.Blocks[0]
	found, err := p.desk.States(p.t.Context(), p.show, block)
	if err != nil {
		p.t.Fatal(err)
	}
	var words []string
	for at, state := range found {
		if state != seats.Free {
			words = append(words, block.Seats[at]+" "+string(state))
		}
	}
	return strings.Join(words, ", ")
}

// wipe is what a Valkey does that is killed and started again.
func (p *place) wipe() {
	p.t.Helper()
	keys, err := p.client.Do(p.t.Context(), p.client.B().Keys().Pattern("*{"+p.show+"}*").Build()).AsStrSlice()
	if err != nil {
		p.t.Fatal(err)
	}
	if err := p.client.Do(p.t.Context(), p.client.B().Del().Key(keys...).Build()).Error(); err != nil {
		p.t.Fatal(err)
	}
}

// expire ends a hold as its time would.
func (p *place) expire(id string, ids ...string) {
	p.t.Helper()
	claim := fmt.Sprintf("claim:{%s}:5:alice:%s", p.show, id)
	text, err := p.client.Do(p.t.Context(), p.client.B().Get().Key(claim).Build()).ToString()
	if err != nil {
		p.t.Fatal(err)
	}
	parts := strings.Split(text, "|")
	parts[4] = "1"
	commands := valkey.Commands{
		p.client.B().Set().Key(claim).Value(strings.Join(parts, "|")).Build(),
		p.client.B().Zadd().Key("expiries:{"+p.show+"}").ScoreMember().ScoreMember(1, claim).Build(),
	}
	for _, seat := range ids {
		commands = append(commands, p.client.B().Del().Key("hold:{"+p.show+"}:"+seat).Build())
	}
	for _, reply := range p.client.DoMulti(p.t.Context(), commands...) {
		if err := reply.Error(); err != nil {
			p.t.Fatal(err)
		}
	}
}

func code(err error) string {
	var refused *problem.Error
	if errors.As(err, &refused) {
		return refused.Code
	}
	return fmt.Sprint(err)
}

func expectCode(t *testing.T, err error, want string) {
	t.Helper()
	if code(err) != want {
		t.Fatalf("refused with %v, not with %s", err, want)
	}
}

func expect(t *testing.T, got, want any) {
	t.Helper()
	if got != want {
		t.Fatalf("got %v, not %v", got, want)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

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

// forget takes every sale back, as nothing but a test can.
func (p *place) forget() {
	p.t.Helper()
	err := p.books.Write(p.t.Context(), nil, func(ctx context.Context, tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "DELETE FROM settlements"); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, "DELETE FROM taken")
		return err
	})
	if err != nil {
		p.t.Fatal(err)
	}
	p.wipe()
}
