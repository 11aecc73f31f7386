package reserve_test

import (
	"context"
	"testing"

	"trivet/reservation/internal/hold"
	"trivet/reservation/internal/problem"
	"trivet/reservation/internal/reserve"
)

// refuses expects that nothing moves a hold whose time is over, by whichever guard is left.
func (p *place) refuses(granted reserve.Granted) {
	p.t.Helper()
	_, err := p.desk.Extend(p.t.Context(), granted.Name, granted.Token, 1000)
	expectCode(p.t, err, problem.HoldExpired)
	_, err = p.desk.Pin(p.t.Context(), p.order(granted, "o"))
	expectCode(p.t, err, problem.HoldExpired)
	_, err = p.desk.Confirm(p.t.Context(), p.order(granted, "o"))
	expectCode(p.t, err, problem.HoldExpired)
}

func TestTimeAloneEndsAHold(t *testing.T) {
	here := newPlace(t)
	granted := here.hold("h", "a-1")
	here.expire("h") // its seats' keys stay
	here.refuses(granted)
}

func TestLosingASeatAloneEndsAHold(t *testing.T) {
	for _, value := range []string{"", "another", "pinned 7"} {
		here := newPlace(t)
		granted := here.hold("h", "a-1", "a-2")
		seat := "hold:{" + here.show + "}:a-2"
		must(t, here.client.Do(t.Context(), here.client.B().Del().Key(seat).Build()).Error())
		if value != "" {
			must(t, here.client.Do(t.Context(), here.client.B().Set().Key(seat).Value(value).Build()).Error())
		}
		here.refuses(granted)
	}
}

func TestALateReleaseFreesNobodysSeat(t *testing.T) {
	here := newPlace(t)
	granted := here.hold("h", "a-1")
	_, err := here.desk.Pin(t.Context(), here.order(granted, "o"))
	must(t, err)
	slow := here.replica(func(ctx context.Context, name string) error {
		if name == reserve.AfterRelease { // it stands still here while a sweep frees the seat and another order pins it
			must(t, reserve.SweepOnce(ctx, here.desk))
			_, err := here.desk.Pin(ctx, here.order(here.hold("other", "a-1"), "o2"))
			must(t, err)
		}
		return nil
	})
	must(t, slow.GiveBack(t.Context(), here.order(granted, "o")))
	expect(t, here.states(), "a-1 "+string(hold.Pinned))
}
