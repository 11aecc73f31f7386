package reserve_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"trivet/reservation/internal/hold"
	"trivet/reservation/internal/problem"
	"trivet/reservation/internal/reserve"
)

// life is what a hold's life is by the table of package hold, walked beside the real one on real servers.
type life struct {
	state hold.State
	order string          // which has it
	tombs map[string]bool // orders that gave it back, or gave it up before they had it
	fence int64
	// granted is what the first answer said.
	granted *reserve.Granted
}

// on is a step that the table must allow.
func (l *life) on(t *rapid.T, event hold.Event) {
	next, err := hold.Next(l.state, event)
	if err != nil {
		t.Fatal(err)
	}
	l.state = next
}

// refusal returns with what whoever wants something of a hold is refused that only its person's time allows.
func (l *life) refusal() string {
	switch l.state {
	case hold.Expired:
		return problem.HoldExpired
	case hold.Released:
		return problem.HoldReleased
	case hold.Pinning, hold.Pinned, hold.Sold:
		return problem.TooLate
	}
	return problem.NotFound
}

func check(t *rapid.T, err error, want string) {
	if got := code(err); got != want {
		t.Fatalf("refused with %v, not with %s", err, want)
	}
}

const fine = "<nil>"

// TestALifeGoesAsTheTableSays walks lives at random: what the servers answer is what the table says, step by step.
func TestALifeGoesAsTheTableSays(t *testing.T) {
	here := newPlace(t)
	number := 0
	rapid.Check(t, func(t *rapid.T) {
		number++
		walk := &walk{here: here, id: fmt.Sprintf("life-%d", number)}
		walk.life = life{state: hold.Unknown, tombs: map[string]bool{}}
		t.Repeat(map[string]func(*rapid.T){
			"hold": walk.hold, "extend": walk.extend, "expire": walk.expire, "release": walk.release, "pin": walk.pin,
			"confirm": walk.confirm, "give back": walk.giveBack, "die": walk.die, "sweep": walk.sweep, "": walk.look,
		})
		walk.clear(t)
	})
}

type walk struct {
	here *place
	id   string
	life life
}

func (w *walk) name() hold.Name { return w.here.name(w.id) }

func (w *walk) token() string {
	if w.life.granted == nil {
		return "none"
	}
	return w.life.granted.Token
}

func (w *walk) drawOrder(t *rapid.T) reserve.Order {
	order := rapid.SampledFrom([]string{"one", "two"}).Draw(t, "order")
	return reserve.Order{Name: w.name(), OrderID: w.id + "-" + order, Token: w.token()}
}

func (w *walk) hold(t *rapid.T) {
	granted, err := w.here.desk.Hold(w.here.t.Context(), reserve.Wanted{Name: w.name(), Seats: []string{"a-1", "a-2"}})
	switch {
	case w.life.granted != nil:
		check(t, err, fine)
		if granted.Token != w.life.granted.Token || !granted.Again {
			t.Fatal("another answer to the same id")
		}
	case w.life.state == hold.Released:
		check(t, err, problem.HoldReleased)
	default:
		check(t, err, fine)
		w.life.on(t, hold.Grant)
		w.life.granted = &granted
	}
}

func (w *walk) extend(t *rapid.T) {
	_, err := w.here.desk.Extend(w.here.t.Context(), w.name(), w.token(), 90_000)
	if w.life.state == hold.Held {
		check(t, err, fine)
		w.life.on(t, hold.Extend)
		return
	}
	check(t, err, w.life.refusal())
}

func (w *walk) expire(t *rapid.T) {
	if w.life.state == hold.Held {
		w.here.expire(w.id, "a-1", "a-2")
		w.life.on(t, hold.Expire)
	}
}

func (w *walk) release(t *rapid.T) {
	err := w.here.desk.Release(w.here.t.Context(), w.name())
	if _, illegal := hold.Next(w.life.state, hold.Release); illegal != nil {
		check(t, err, problem.TooLate)
		return
	}
	check(t, err, fine)
	w.life.on(t, hold.Release)
}

// claim walks an order's pin, or its sale of what it has not pinned.
func (w *walk) claim(t *rapid.T, order reserve.Order, event hold.Event, settled reserve.Settled, err error) {
	switch {
	case w.life.order == order.OrderID && w.life.state != hold.Released:
		check(t, err, fine)
		if w.life.fence != 0 && settled.Fence != w.life.fence {
			t.Fatal("another fence of the same pin")
		}
		w.life.on(t, event)
		w.life.fence = settled.Fence
	case w.life.state == hold.Released || w.life.order == "" && w.life.tombs[order.OrderID]:
		check(t, err, problem.HoldReleased)
	case w.life.order != "":
		check(t, err, problem.AlreadyHeld)
	case w.life.state == hold.Held:
		check(t, err, fine)
		w.life.on(t, hold.Begin)
		w.life.on(t, event)
		w.life.order, w.life.fence = order.OrderID, settled.Fence
	default:
		check(t, err, w.life.refusal())
	}
}

func (w *walk) pin(t *rapid.T) {
	order := w.drawOrder(t)
	if w.life.state == hold.Expired && w.life.tombs[order.OrderID] {
		return // refused either way, and which of two reasons is told is nobody's promise
	}
	settled, err := w.here.desk.Pin(w.here.t.Context(), order)
	w.claim(t, order, hold.Pin, settled, err)
}

func (w *walk) confirm(t *rapid.T) {
	order := w.drawOrder(t)
	settled, err := w.here.desk.Confirm(w.here.t.Context(), order)
	if w.life.tombs[order.OrderID] {
		check(t, err, problem.HoldReleased)
		return
	}
	w.claim(t, order, hold.Sell, settled, err)
}

func (w *walk) giveBack(t *rapid.T) {
	order := w.drawOrder(t)
	err := w.here.desk.GiveBack(w.here.t.Context(), order)
	switch {
	case w.life.order != order.OrderID || w.life.state == hold.Released:
		check(t, err, fine)
	case w.life.state == hold.Sold:
		check(t, err, problem.TooLate)
		return
	case w.life.state == hold.Pinning:
		check(t, err, fine)
		w.life.on(t, hold.Revert)
		w.life.order = ""
	default:
		check(t, err, fine)
		w.life.on(t, hold.End)
	}
	w.life.tombs[order.OrderID] = true
}

// die pins and ends on the way: before the commit nothing lasts, after it the pin does.
func (w *walk) die(t *rapid.T) {
	order := w.drawOrder(t)
	if w.life.state != hold.Held || w.life.tombs[order.OrderID] {
		return
	}
	moment := rapid.SampledFrom([]string{reserve.AfterBegin, reserve.BeforeCommit, reserve.AfterCommit}).Draw(t, "moment")
	_, err := w.here.replica(strikeAt(moment)).Pin(w.here.t.Context(), order)
	if err == nil {
		t.Fatal("it lived")
	}
	w.life.on(t, hold.Begin)
	w.life.order = order.OrderID
	if moment == reserve.AfterCommit {
		w.life.on(t, hold.Pin)
	}
}

func (w *walk) sweep(t *rapid.T) {
	if err := reserve.SweepOnce(w.here.t.Context(), w.here.desk); err != nil {
		t.Fatal(err)
	}
	if w.life.state == hold.Pinning {
		w.life.on(t, hold.Revert)
		w.life.order = ""
	}
}

// look is what everybody sees, after every step.
func (w *walk) look(t *rapid.T) {
	standing, err := w.here.desk.Look(w.here.t.Context(), w.name())
	if w.life.state == hold.Unknown {
		check(t, err, problem.NotFound)
		return
	}
	check(t, err, fine)
	// Until somebody tells Valkey, it calls a pin that was committed one that is under way.
	if standing.State != w.life.state && !(standing.State == hold.Pinning && w.life.state == hold.Pinned) {
		t.Fatalf("it is %s, not %s", standing.State, w.life.state)
	}
}

// clear leaves the seats as the next life finds them.
func (w *walk) clear(t *rapid.T) {
	w.sweep(t)
	connection := w.here
	if w.life.state == hold.Held {
		w.release(t)
	}
	if w.life.state == hold.Pinned {
		err := connection.desk.GiveBack(connection.t.Context(), reserve.Order{Name: w.name(), OrderID: w.life.order})
		check(t, err, fine)
	}
	if w.life.state == hold.Sold {
		w.here.forget()
	}
}
