// Package api is the HTTP face: routes that say what they take and answer, and nothing of how it is done.
package api

import (
	"context"
	"log/slog"
	"strconv"

	"trivet/reservation/internal/hold"
	"trivet/reservation/internal/ledger"
	"trivet/reservation/internal/problem"
	"trivet/reservation/internal/reserve"
	"trivet/reservation/internal/route"
	"trivet/reservation/internal/token"
)

// Limits are what a request may ask for.
type Limits struct {
	TTLMS int64
	Seats int
}

// Service answers requests by what a desk does.
type Service struct {
	desk    *reserve.Desk
	books   *ledger.Database
	feed    *reserve.Feed
	limits  Limits
	count   Count
	streams Streams
	reach   reserve.Failpoint
}

// Count is told how an operation ended: by its word, or the code of its refusal, or `unknown`.
type Count func(operation, outcome string)

// Streams makes a request one that has no end of its own; the refusal is that there are too many.
type Streams interface {
	Enter(ctx context.Context) (stream context.Context, leave func(), err error)
}

// New returns a service.
func New(desk *reserve.Desk, books *ledger.Database, limits Limits, count Count, streams Streams, reach reserve.Failpoint) *Service {
	return &Service{desk: desk, books: books, feed: reserve.NewFeed(desk), limits: limits, count: count, streams: streams, reach: reach}
}

// withinLimits refuses what the settings do not allow, though the document would.
func (s *Service) withinLimits(seats int, ttlMS int64) error {
	if seats > s.limits.Seats {
		return problem.OfFaults(problem.Fault{Field: "body.seats", Message: "At most " + strconv.Itoa(s.limits.Seats) + " seats are held together"})
	}
	if ttlMS > s.limits.TTLMS {
		return problem.OfFaults(problem.Fault{Field: "body.ttl_ms", Message: "At most " + strconv.FormatInt(s.limits.TTLMS, 10) + " ms are held"})
	}
	return nil
}

// movement is one thing that somebody does with a hold, counted and told to the audit log however it ends.
type movement struct {
	operation string
	caller    string
	name      hold.Name
	order     string
}

// told counts a movement and tells of it, once it is decided or known to be unknown.
func (s *Service) told(ctx context.Context, m movement, word string, status int, err error) {
	if err != nil {
		word, status = outcome(err)
	}
	s.count(m.operation, word)
	facts := []slog.Attr{slog.String("show_id", m.name.ShowID), slog.String("hold_id", m.name.ID), slog.String("customer", m.name.Subject)}
	if m.order != "" {
		facts = append(facts, slog.String("order_id", m.order))
	}
	token.TellMovement(ctx, m.caller, m.operation, "", status, facts...)
}

// outcome returns how a refusal counts: an indefinite one is unknown, since its effect may have happened.
func outcome(err error) (string, int) {
	refused, known := asProblem(err)
	if !known {
		return "internal", 0
	}
	if !refused.IsDefinite() {
		return "unknown", 0
	}
	return refused.Code, refused.Kind().Status
}

func nameOf(show ShowID, subject string, id HoldID) hold.Name {
	return hold.Name{ShowID: string(show), Subject: subject, ID: string(id)}
}

// answer makes an answer of what a movement came to.
func answer(status int, body any, again bool) route.Answer {
	made := route.Success(status, body)
	if again {
		return made.Repeated()
	}
	return made
}
