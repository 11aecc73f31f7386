package reserve

import (
	"errors"
	"strings"

	"trivet/reservation/internal/hold"
	"trivet/reservation/internal/problem"
	"trivet/reservation/internal/seats"
)

// away tells a Valkey that does not answer as what it is. If it may have done what it was asked, the outcome is unknown,
// and the same request with the same ids says what became of it.
func away(err error) error {
	var gone *seats.AwayError
	if !errors.As(err, &gone) {
		return err
	}
	refused := problem.New(problem.Unavailable, "the memory of who holds what does not answer").Because(err)
	if gone.Sent {
		return refused.Indefinite()
	}
	return refused.Definitely()
}

// unread tells the same of a request that only reads: it has no effect in any case.
func unread(err error) error {
	var gone *seats.AwayError
	if errors.As(err, &gone) {
		return problem.New(problem.Unavailable, "the memory of who holds what does not answer").Definitely().Because(err)
	}
	return err
}

func unloadable() error {
	return problem.New(problem.Unavailable, "the memory of this show is being read anew").Definitely()
}

func notFound(name hold.Name) error {
	return problem.Newf(problem.NotFound, "there is no hold %s of this subject in show %s", name.ID, name.ShowID)
}

func alreadyHeld(taken []string) *problem.Error {
	return problem.Newf(problem.AlreadyHeld, "taken: %s", strings.Join(taken, ", ")).With("seats", taken)
}

func wrongToken() error {
	return problem.New(problem.Forbidden, "the token is not this hold's")
}

func otherOrder(taken []string) error {
	if taken == nil {
		taken = []string{}
	}
	return problem.New(problem.AlreadyHeld, "another order has this hold").With("seats", taken)
}

// standing returns why nothing can be done with a hold in this state; nil if it is held.
func standing(name hold.Name, state hold.State) error {
	switch state {
	case hold.Held:
		return nil
	case hold.Expired:
		return problem.New(problem.HoldExpired, "the time of this hold is over, and its seats are free for others")
	case hold.Released:
		return problem.New(problem.HoldReleased, "this hold was given back")
	case hold.Pinning, hold.Pinned, hold.Sold:
		return problem.Newf(problem.TooLate, "an order has this hold: it is %s", state)
	default:
		return notFound(name)
	}
}
