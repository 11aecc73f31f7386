// Package seats is a sequential specification of numbered seats, for Porcupine.
//
// The states of a seat are free, held by a hold, pinned by a hold for an order, and sold. Time is no part of a
// sequential specification, so what time does is an operation too: the end of a TTL is one whose call is the earliest
// and whose return the latest instant at which it can be over, and a loss of Valkey's memory is one between the instants
// at which it was asked for and seen. An operation of which nobody knows whether it happened never returns: placed
// behind all others it has not happened.
//
// A partition is one seat, or all seats of a small show. Of a hold of several seats each seat's partition has its own
// share; that all seats are linearizable is necessary for the show to be, and not sufficient.
package seats

import (
	"fmt"
	"slices"

	"github.com/anishathalye/porcupine"
)

// What an operation does, and how it ended.
const (
	Hold    = "hold"
	Extend  = "extend"
	Pin     = "pin"
	Confirm = "confirm"
	Release = "release" // by the hold's subject
	Undo    = "undo"    // the release by an order
	Expire  = "expire"
	Wipe    = "wipe"
	Look    = "look"

	OK      = "ok"
	Refused = "refused" // a hold: as already held; a pin or a confirmation: as expired
	Unknown = "unknown"
)

// input is an operation with its names as numbers and its seats as places in the partition.
type input struct {
	op     Operation
	hold   int32
	order  int32
	places []int
}

func (in input) isOK() bool { return in.op.Outcome == OK }

// model returns the specification of a partition of so many seats, with the names of its holds and orders.
func model(seats int, names []string) porcupine.Model {
	nondeterministic := porcupine.NondeterministicModel{
		Init: func() []interface{} { return []interface{}{state{seats: make([]seat, seats)}} },
		Step: func(before, asked, _ interface{}) []interface{} {
			var after []interface{}
			for _, branch := range before.(state).branches() {
				for _, next := range step(branch, asked.(input)) {
					after = append(after, next)
				}
			}
			return after
		},
		Equal: func(a, b interface{}) bool { return a.(state).equal(b.(state)) },
		Hash:  func(s interface{}) uint64 { return s.(state).hash() },
		DescribeOperation: func(asked, _ interface{}) string {
			op := asked.(input).op
			return fmt.Sprintf("%s %s %s %v → %s%s", op.F, op.Hold, op.Order, op.Seats, op.Outcome, op.State)
		},
		DescribeState: func(s interface{}) string { return s.(state).describe(names) },
	}
	return nondeterministic.ToModel()
}

// step returns the states that may follow if an operation takes effect now and ends as it did; none if it cannot.
func step(s state, in input) []state {
	switch in.op.F {
	case Hold:
		return grant(s, in)
	case Extend:
		return extend(s, in)
	case Pin, Confirm:
		return settle(s, in)
	case Release:
		return release(s, in)
	case Undo:
		return undo(s, in)
	case Expire:
		return expire(s, in)
	case Wipe:
		return wipe(s)
	case Look:
		return look(s, in)
	}
	return nil
}

func grant(s state, in input) []state {
	taken := func(place int) bool { return s.seats[place].kind != free }
	if in.op.Outcome == Refused {
		if slices.ContainsFunc(in.places, func(place int) bool { return !taken(place) || s.seats[place].hold == in.hold }) {
			return nil
		}
		return []state{s}
	}
	if slices.ContainsFunc(in.places, taken) || s.isBuried(tomb{hold: in.hold}) {
		return unless(in.isOK(), s)
	}
	return []state{s.with(in.places, seat{kind: held, hold: in.hold, grant: in.op.Grant})}
}

// unless returns the state as it is, or none if the operation is known to have done what it cannot have done.
func unless(happened bool, s state) []state {
	if happened {
		return nil
	}
	return []state{s}
}

// has says whether a hold has all these seats, in one of these kinds, for this order if it is settled.
func has(s state, in input, kinds ...kind) bool {
	for _, place := range in.places {
		each := s.seats[place]
		if each.hold != in.hold || !slices.Contains(kinds, each.kind) {
			return false
		}
		if each.kind > pinning && each.order != in.order {
			return false
		}
	}
	return true
}

func extend(s state, in input) []state {
	if in.op.Outcome == Refused {
		return expired(s, in)
	}
	if has(s, in, held) {
		return []state{s.with(in.places, seat{kind: held, hold: in.hold, grant: in.op.Grant})}
	}
	return unless(in.isOK() && !has(s, in, held, pinning), s)
}

// expired is the answer that a hold's time is over: it cannot be given to a hold that stands.
func expired(s state, in input) []state {
	return unless(len(s.of(in.hold, held)) > 0, s)
}

func settle(s state, in input) []state {
	owned := seat{kind: pinned, hold: in.hold, order: in.order}
	switch {
	case in.op.Outcome == Refused:
		return expired(s, in)
	case in.isOK():
		if !has(s, in, held, pinning, pinned, sold) || s.isBuried(tomb{in.hold, in.order}) {
			return nil
		}
		if in.op.F == Confirm || has(s, in, sold) {
			owned.kind = sold
		}
		return []state{s.with(in.places, owned)}
	case has(s, in, held):
		owned.kind = pinning
		return []state{s.with(in.places, owned)}
	case in.op.F == Confirm && has(s, in, pinned):
		owned.kind = sold
		return []state{s.with(in.places, owned)}
	}
	return []state{s}
}

func release(s state, in input) []state {
	if places := s.of(in.hold, held, pinning); len(places) > 0 {
		return []state{s.with(places, seat{})}
	}
	if len(s.of(in.hold, pinned, sold)) > 0 {
		return unless(in.isOK(), s)
	}
	return []state{s.buried(tomb{hold: in.hold})}
}

func undo(s state, in input) []state {
	after := s.buried(tomb{in.hold, in.order})
	if places := s.of(in.hold, held, pinning); len(places) > 0 {
		return []state{after, after.with(places, seat{})}
	}
	places := s.of(in.hold, pinned, sold)
	if len(places) == 0 || s.seats[places[0]].order != in.order {
		return []state{after}
	}
	if s.seats[places[0]].kind == sold {
		return unless(in.isOK(), s)
	}
	return []state{after.with(places, seat{})}
}

func expire(s state, in input) []state {
	places := s.of(in.hold, held)
	if len(places) == 0 || s.seats[places[0]].grant != in.op.Grant {
		return []state{s}
	}
	return []state{s.with(places, seat{})}
}

func wipe(s state) []state {
	seats := slices.Clone(s.seats)
	for place, each := range seats {
		if each.kind == held {
			seats[place] = seat{}
		}
	}
	tombs := slices.DeleteFunc(slices.Clone(s.tombs), func(each tomb) bool { return each.order == 0 })
	return []state{{seats: seats, tombs: tombs}}
}

func look(s state, in input) []state {
	for _, place := range in.places {
		now := s.seats[place].kind
		if kindNames[now] != in.op.State && (now != pinning || in.op.State == kindNames[free]) {
			return nil
		}
	}
	return []state{s}
}
