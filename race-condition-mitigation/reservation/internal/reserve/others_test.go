package reserve_test

import (
	"testing"

	"trivet/reservation/internal/hold"
	"trivet/reservation/internal/problem"
	"trivet/reservation/internal/reserve"
)

func TestAnothersHoldIsNotThere(t *testing.T) {
	here := newPlace(t)
	granted := here.hold("h", "a-1")
	mallorys := hold.Name{ShowID: here.show, Subject: "mallory", ID: "h"}
	_, err := here.desk.Look(t.Context(), mallorys)
	expectCode(t, err, problem.NotFound)
	_, err = here.desk.Extend(t.Context(), mallorys, granted.Token, 60_000) // even with its token
	expectCode(t, err, problem.NotFound)
	_, err = here.desk.Pin(t.Context(), reserve.Order{Name: mallorys, OrderID: "o", Token: granted.Token})
	expectCode(t, err, problem.NotFound)
	must(t, here.desk.Release(t.Context(), mallorys)) // a tombstone of a hold that mallory never has
	expect(t, here.states(), "a-1 held")
	_, err = here.desk.Pin(t.Context(), here.order(granted, "o"))
	must(t, err)
}

func TestTwoNamesAreNeverOneKey(t *testing.T) {
	here := newPlace(t)
	names := []hold.Name{
		{ShowID: here.show, Subject: "alice", ID: "7:h"},
		{ShowID: here.show, Subject: "alice:7", ID: "h"},
		{ShowID: here.show, Subject: "}{x}:alice:7", ID: "h"},
	}
	for place, seat := range []string{"a-1", "a-2", "a-3"} {
		granted, err := here.desk.Hold(t.Context(), reserve.Wanted{Name: names[place], Seats: []string{seat}})
		must(t, err)
		expect(t, granted.Again, false)
	}
	expect(t, here.states(), "a-1 held, a-2 held, a-3 held")
}

// Who may write to Valkey may take a mark away and leave the boot key: the memory is wrong, and nothing says so.
func TestAMarkThatSomebodyTookAwaySellsNothingTwice(t *testing.T) {
	here := newPlace(t)
	_, err := here.desk.Confirm(t.Context(), here.order(here.hold("sold", "a-1"), "o"))
	must(t, err)
	must(t, here.client.Do(t.Context(), here.client.B().Del().Key("hold:{"+here.show+"}:a-1").Build()).Error())
	second := here.hold("second", "a-1")
	_, err = here.desk.Confirm(t.Context(), here.order(second, "o2"))
	expectCode(t, err, problem.AlreadyHeld)
	expect(t, here.states(), "a-1 sold") // and the memory is right again
}
