package reserve_test

import (
	"context"
	"errors"
	"testing"

	"trivet/reservation/internal/problem"
	"trivet/reservation/internal/reserve"
)

// patient returns a replica that leaves pins which are under way to whoever began them.
func (p *place) patient() *reserve.Desk {
	reach := func(context.Context, string) error { return nil }
	desk := reserve.New(p.store, p.books, reserve.Limits{TTLMS: 60_000, PinningGraceMS: 3_600_000}, reach)
	if _, err := desk.Hall(p.t.Context(), p.show); err != nil {
		p.t.Fatal(err)
	}
	return desk
}

func TestAMemoryThatWasLeftBehindIsReadByTheSecondSweep(t *testing.T) {
	here := newPlace(t)
	granted := here.hold("h", "a-1")
	_, err := here.replica(strikeAt(reserve.AfterBegin)).Pin(t.Context(), here.order(granted, "o"))
	expect(t, errors.Is(err, errStruck), true)
	dying := here.replica(strikeAt(reserve.AfterEpoch))
	_, err = dying.Hall(t.Context(), here.show)
	must(t, err)
	expect(t, errors.Is(reserve.SweepOnce(t.Context(), dying), errStruck), true)
	patient := here.patient()
	for range 2 {
		_, err = patient.Pin(t.Context(), here.order(granted, "o")) // each try says anew when it was begun
		expectCode(t, err, problem.Unavailable)
		must(t, reserve.SweepOnce(t.Context(), patient))
	}
	_, err = patient.Pin(t.Context(), here.order(granted, "o"))
	must(t, err)
	expect(t, here.states(), "a-1 pinned")
}

func TestAMemoryThatIsAsNewAsItsBooksIsLeftAlone(t *testing.T) {
	here := newPlace(t)
	here.hold("h", "a-1")
	patient := here.patient()
	before, err := here.store.Epoch(t.Context(), here.show)
	must(t, err)
	for range 3 {
		must(t, reserve.SweepOnce(t.Context(), patient))
	}
	after, err := here.store.Epoch(t.Context(), here.show)
	must(t, err)
	expect(t, after, before)
}
