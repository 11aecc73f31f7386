package seats

import (
	"hash/fnv"
	"slices"
	"strings"
)

// kind is what a seat is.
type kind byte

const (
	free kind = iota
	held
	// pinning is a hold on which an order has begun and nobody learnt how it ended: it may be held still, pinned, sold,
	// or, taken back by a sweeper, free. The model allows whatever any of these would.
	pinning
	pinned
	sold
)

var kindNames = [...]string{"free", "held", "pinning", "pinned", "sold"}

// seat is one seat: who has it, for which order, and which grant or extension its expiry belongs to.
type seat struct {
	kind  kind
	hold  int32
	order int32
	grant int32
}

// tomb says that a hold, or a hold by an order, was released and may not come any more; order is 0 for the former.
type tomb struct {
	hold  int32
	order int32
}

// state is the seats of a partition and what was released before it came. It is never changed, only copied.
type state struct {
	seats []seat
	tombs []tomb
}

func (s state) equal(other state) bool {
	return slices.Equal(s.seats, other.seats) && slices.Equal(s.tombs, other.tombs)
}

func (s state) hash() uint64 {
	sum := fnv.New64a()
	word := func(values ...int32) {
		for _, value := range values {
			_, _ = sum.Write([]byte{byte(value), byte(value >> 8), byte(value >> 16), byte(value >> 24)})
		}
	}
	for _, each := range s.seats {
		word(int32(each.kind), each.hold, each.order, each.grant)
	}
	for _, each := range s.tombs {
		word(-1, each.hold, each.order)
	}
	return sum.Sum64()
}

// with returns a copy in which these seats are as given.
func (s state) with(places []int, changed seat) state {
	seats := slices.Clone(s.seats)
	for _, place := range places {
		seats[place] = changed
	}
	return state{seats: seats, tombs: s.tombs}
}

func (s state) buried(grave tomb) state {
	if s.isBuried(grave) {
		return s
	}
	tombs := append(slices.Clone(s.tombs), grave)
	slices.SortFunc(tombs, func(a, b tomb) int {
		if a.hold != b.hold {
			return int(a.hold - b.hold)
		}
		return int(a.order - b.order)
	})
	return state{seats: s.seats, tombs: tombs}
}

func (s state) isBuried(grave tomb) bool {
	return slices.Contains(s.tombs, grave)
}

// of returns the places of the seats that a hold has in one of these kinds.
func (s state) of(hold int32, kinds ...kind) []int {
	var places []int
	for place, each := range s.seats {
		if each.kind != free && each.hold == hold && slices.Contains(kinds, each.kind) {
			places = append(places, place)
		}
	}
	return places
}

// branches returns the states that a state may as well be: each hold on which an order has begun may be over.
func (s state) branches() []state {
	found := []state{s}
	for place := range s.seats {
		if s.seats[place].kind != pinning {
			continue
		}
		for _, each := range slices.Clone(found) {
			if each.seats[place].kind == pinning {
				found = append(found, each.with(each.of(each.seats[place].hold, pinning), seat{}))
			}
		}
	}
	return found
}

func (s state) describe(names []string) string {
	parts := make([]string, 0, len(s.seats))
	for _, each := range s.seats {
		text := kindNames[each.kind]
		if each.kind != free {
			text += " by " + names[each.hold]
		}
		if each.kind > held {
			text += " for " + names[each.order]
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, ", ")
}
