package hold

import (
	"errors"
	"testing"
)

func TestEveryStateIsReachedAndHasItsOwnLife(t *testing.T) {
	reached := map[State]bool{Unknown: true}
	for range len(transitions) {
		for from := range reached {
			for _, event := range Events(from) {
				next, err := Next(from, event)
				if err != nil {
					t.Fatal(err)
				}
				reached[next] = true
			}
		}
	}
	for state := range transitions {
		if !reached[state] {
			t.Errorf("nothing leads to %s", state)
		}
	}
	if len(reached) != len(transitions) {
		t.Errorf("%d states are reached, and %d have a life", len(reached), len(transitions))
	}
}

func TestWhatIsNotInTheTableIsRefused(t *testing.T) {
	for _, one := range []struct {
		from State
		on   Event
	}{{Sold, Release}, {Sold, End}, {Expired, Begin}, {Released, Grant}, {Released, Begin}, {Pinning, Expire}, {Pinned, Expire}, {Refused, Begin}} {
		var illegal *IllegalTransitionError
		if next, err := Next(one.from, one.on); !errors.As(err, &illegal) || next != one.from {
			t.Errorf("%s on %s gave %s", one.on, one.from, next)
		}
	}
}

func TestNothingLeadsOutOfASale(t *testing.T) {
	for _, event := range Events(Sold) {
		if next, _ := Next(Sold, event); next != Sold {
			t.Errorf("%s on sold gave %s", event, next)
		}
	}
}

func TestATotalIsTheSumOfItsLines(t *testing.T) {
	if Total([]Price{{"a", 3}, {"b", 4}}) != 7 || Total(nil) != 0 {
		t.Fail()
	}
}
