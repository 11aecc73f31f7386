// Package hold is the life of a hold as data and pure functions: what states there are, what may happen in each, and
// what a hold's parts look like. It knows neither Valkey nor PostgreSQL.
package hold

import "fmt"

// State is where a hold stands in its life.
type State string

const (
	// Unknown is a hold that nobody remembers: it never arrived, or it was forgotten.
	Unknown State = "unknown"
	// Refused is a hold that found a seat taken; it is remembered for a minute so that a repeat is told the same.
	Refused State = "refused"
	// Held seats are one person's until the hold expires.
	Held State = "held"
	// Expired seats are free again, and the hold is remembered.
	Expired State = "expired"
	// Released was given back, or was refused before it came: a tombstone.
	Released State = "released"
	// Pinning is between Valkey, which no longer lets it expire, and PostgreSQL, which decides.
	Pinning State = "pinning"
	// Pinned seats are an order's, without expiry.
	Pinned State = "pinned"
	// Sold is the end.
	Sold State = "sold"
)

// Event is what can happen to a hold.
type Event string

const (
	Grant   Event = "grant"   // all its seats were free
	Refuse  Event = "refuse"  // one of them was not
	Extend  Event = "extend"  // its person wants more time
	Expire  Event = "expire"  // its time is over
	Release Event = "release" // its person gives it back
	Begin   Event = "begin"   // an order shows its token
	Revert  Event = "revert"  // PostgreSQL never heard of that order's pin, and never will
	Pin     Event = "pin"     // PostgreSQL committed it
	Sell    Event = "sell"    // its order confirmed it
	End     Event = "end"     // its order gave it back
)

// transitions is the whole life. What is not here is illegal.
var transitions = map[State]map[Event]State{
	Unknown: {Grant: Held, Refuse: Refused, Release: Released},
	Refused: {Release: Released, Expire: Unknown},
	Held:    {Extend: Held, Expire: Expired, Release: Released, Begin: Pinning},
	Expired: {Release: Released},
	Pinning: {Begin: Pinning, Revert: Held, Pin: Pinned, Sell: Sold},
	Pinned:  {Begin: Pinned, Pin: Pinned, Sell: Sold, End: Released},
	Sold:    {Begin: Sold, Pin: Sold, Sell: Sold},
	// A tombstone stays one, whoever comes.
	Released: {Release: Released, End: Released},
}

// IllegalTransitionError says that something cannot happen in a state.
type IllegalTransitionError struct {
	From State
	On   Event
}

func (e *IllegalTransitionError) Error() string {
	return fmt.Sprintf("a hold that is %s cannot %s", e.From, e.On)
}

// Next returns the state after an event, or an *IllegalTransitionError.
func Next(from State, on Event) (State, error) {
	next, legal := transitions[from][on]
	if !legal {
		return from, &IllegalTransitionError{from, on}
	}
	return next, nil
}

// Events returns what may happen in a state, for whoever walks the life at random.
func Events(from State) []Event {
	found := make([]Event, 0, len(transitions[from]))
	for event := range transitions[from] {
		found = append(found, event)
	}
	return found
}
