package reserve

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"time"

	"trivet/reservation/internal/hold"
	"trivet/reservation/internal/ledger"
	"trivet/reservation/internal/problem"
	"trivet/reservation/internal/seats"
)

// Wanted is what somebody asks to hold; a TTL of 0 is the usual one.
type Wanted struct {
	Name  hold.Name
	Seats []string
	TTLMS int64
}

// Granted is a hold as its holder is told of it, once or again.
type Granted struct {
	Name      hold.Name
	Token     string
	Lines     []hold.Price
	Currency  string
	ExpiresAt time.Time
	TTLMS     int64
	Again     bool
}

// Hold holds all of these seats for a while, or none.
//
// Whoever asks again with the same id is told what he was told first, whatever became of the hold since: an answer that
// was lost is not a reason to lose the seats. A hold that was given up before it came is refused.
func (d *Desk) Hold(ctx context.Context, wanted Wanted) (Granted, error) {
	hall, err := d.halls.find(ctx, wanted.Name.ShowID)
	if err != nil {
		return Granted{}, err
	}
	lines, strange := hall.Lines(wanted.Seats)
	if strange != nil {
		return Granted{}, problem.Newf(problem.NotFound, "no seats of this show: %s", strings.Join(strange, ", ")).With("seats", strange)
	}
	if wanted.TTLMS == 0 {
		wanted.TTLMS = d.limits.TTLMS
	}
	if err := d.reach(ctx, BeforeHold); err != nil {
		return Granted{}, err
	}
	asked := seats.Asked{Name: wanted.Name, Seats: wanted.Seats, Token: newToken(), TTL: wanted.TTLMS, Payload: payload(wanted)}
	var held seats.Held
	err = d.loaded(ctx, wanted.Name.ShowID, func() (err error) {
		held, err = d.memory.Hold(ctx, asked)
		return err
	})
	if err != nil {
		return Granted{}, away(err)
	}
	if err := d.reach(ctx, AfterHold); err != nil {
		return Granted{}, err
	}
	return granted(wanted, hall.Show, lines, asked.Payload, held)
}

func granted(wanted Wanted, show ledger.Show, lines []hold.Price, payload string, held seats.Held) (Granted, error) {
	claim := held.Claim
	switch {
	case claim.State == hold.Released && claim.Token == "":
		return Granted{}, problem.New(problem.HoldReleased, "this hold was given up before it came")
	case claim.Payload != payload:
		return Granted{}, problem.Newf(problem.IdempotencyKeyReuse, "the id %s was used for another hold", wanted.Name.ID)
	case claim.State == hold.Refused:
		taken := make([]string, len(claim.Taken))
		for at, place := range claim.Taken {
			taken[at] = claim.Seats[place]
		}
		if held.Again {
			return Granted{}, alreadyHeld(taken).WithHeader("idempotency-replayed", "true")
		}
		return Granted{}, alreadyHeld(taken)
	}
	return Granted{
		Name: wanted.Name, Token: claim.Token, Lines: lines, Currency: show.Currency, TTLMS: wanted.TTLMS, Again: held.Again,
		// From the grant and not from what the hold's end is by now: an answer that is repeated is the first one.
		ExpiresAt: time.UnixMilli(claim.Granted + wanted.TTLMS).UTC(),
	}, nil
}

// newToken returns 128 random bits: whoever guesses one could pin another's seats.
func newToken() string {
	var bits [16]byte
	_, _ = rand.Read(bits[:]) // never fails: it ends the process instead
	return hex.EncodeToString(bits[:])
}

func payload(wanted Wanted) string {
	sum := sha256.Sum256([]byte(strconv.FormatInt(wanted.TTLMS, 10) + " " + strings.Join(wanted.Seats, ",")))
	return hex.EncodeToString(sum[:16])
}

// Standing is a hold as it is now.
type Standing struct {
	Name      hold.Name
	State     hold.State
	Seats     []string
	ExpiresAt *time.Time
	LeftMS    int64
	OrderID   string
}

// Extend gives a hold more time, from now, within its lifetime.
func (d *Desk) Extend(ctx context.Context, name hold.Name, token string, ttlMS int64) (Standing, error) {
	var claim seats.Claim
	var left int64
	err := d.loaded(ctx, name.ShowID, func() (err error) {
		claim, left, err = d.memory.Extend(ctx, name, token, ttlMS)
		return err
	})
	switch {
	case errors.Is(err, seats.ErrForbidden):
		return Standing{}, wrongToken()
	case err != nil:
		return Standing{}, away(err)
	case claim.State == hold.Unknown:
		return Standing{}, d.settledOrNotFound(ctx, name)
	case claim.State != hold.Held:
		return Standing{}, standing(name, claim.State)
	}
	at := time.UnixMilli(claim.Till).UTC()
	return Standing{Name: name, State: hold.Held, Seats: claim.Seats, ExpiresAt: &at, LeftMS: left}, nil
}

// Release gives a hold back, or refuses one that has not come yet: it is then never granted.
func (d *Desk) Release(ctx context.Context, name hold.Name) error {
	state, err := d.release(ctx, name, false)
	if err == nil && state == hold.Unknown {
		found, err := d.lookInBooks(ctx, name)
		if err != nil && !isNotFound(err) {
			return err
		}
		if err == nil && found.State != hold.Released {
			return standing(name, found.State)
		}
		return d.bury(ctx, name)
	}
	return released(name, state, err)
}

// bury leaves a tombstone of a hold that neither the memory knows nor an order has.
func (d *Desk) bury(ctx context.Context, name hold.Name) error {
	state, err := d.release(ctx, name, true)
	return released(name, state, err)
}

func released(name hold.Name, state hold.State, err error) error {
	if err != nil {
		return away(err)
	}
	if state == hold.Released {
		return nil
	}
	return standing(name, state)
}

func (d *Desk) release(ctx context.Context, name hold.Name, tombstone bool) (hold.State, error) {
	var state hold.State
	err := d.loaded(ctx, name.ShowID, func() (err error) {
		state, err = d.memory.Release(ctx, name, tombstone)
		return err
	})
	return state, err
}

// Look returns how a hold stands.
func (d *Desk) Look(ctx context.Context, name hold.Name) (Standing, error) {
	var claim seats.Claim
	err := d.loaded(ctx, name.ShowID, func() (err error) {
		claim, err = d.memory.Look(ctx, name)
		return err
	})
	if err != nil {
		return Standing{}, unread(err)
	}
	found := Standing{Name: name, State: claim.State, Seats: claim.Seats, OrderID: claim.OrderID}
	switch claim.State {
	case hold.Unknown, hold.Refused:
		return d.lookInBooks(ctx, name)
	case hold.Held, hold.Expired:
		at := time.UnixMilli(claim.Till).UTC()
		found.ExpiresAt = &at
	}
	return found, nil
}

func (d *Desk) lookInBooks(ctx context.Context, name hold.Name) (Standing, error) {
	settlements, err := d.books.Settlements(ctx, name)
	if err != nil {
		return Standing{}, err
	}
	for _, each := range settlements {
		if each.Fence != nil {
			return Standing{Name: name, State: each.State, Seats: each.Seats, OrderID: each.OrderID}, nil
		}
	}
	return Standing{}, notFound(name)
}

// settledOrNotFound returns why nothing can be done with a hold that the memory does not know: what an order made of it
// stands in the books, and what does not stand there never was, or is forgotten.
func (d *Desk) settledOrNotFound(ctx context.Context, name hold.Name) error {
	found, err := d.lookInBooks(ctx, name)
	if err != nil {
		return err
	}
	return standing(name, found.State)
}

func isNotFound(err error) bool {
	var refused *problem.Error
	return errors.As(err, &refused) && refused.Code == problem.NotFound
}
