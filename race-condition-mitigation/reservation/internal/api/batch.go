package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"

	"trivet/reservation/internal/hold"
	"trivet/reservation/internal/problem"
	"trivet/reservation/internal/reserve"
	"trivet/reservation/internal/route"
	"trivet/reservation/internal/trace"
)

func (s *Service) batch(ctx context.Context, r *route.Request) (route.Answer, error) {
	entries := route.BodyOf[BatchIn](r).Entries
	names := make([]hold.Name, len(entries))
	for place, entry := range entries {
		names[place] = entry.name()
	}
	told := make([]AnswerOut, len(entries))
	reserve.Each(ctx, names, func(ctx context.Context, place int) {
		made, err := s.guardedEntry(ctx, r.Subject(), entries[place], names[place])
		told[place] = answerOut(ctx, names[place].ID, made, err)
	})
	return route.Success(http.StatusOK, BatchOut{told}), nil
}

// guardedEntry does one of a batch and keeps a defect that it meets to that entry: it runs beside the request, where
// nobody else stands between a panic and the end of the process.
func (s *Service) guardedEntry(ctx context.Context, caller string, entry Entry, name hold.Name) (made route.Answer, err error) {
	defer func() {
		if met := recover(); met != nil {
			slog.ErrorContext(ctx, "an entry failed", "error", fmt.Sprintf("panic: %v\n%s", met, debug.Stack()))
			err = errDefect
		}
	}()
	return s.entry(ctx, caller, entry, name)
}

var errDefect = errors.New("an entry met a defect")

// entry does one of a batch as the single request would.
func (s *Service) entry(ctx context.Context, caller string, entry Entry, name hold.Name) (route.Answer, error) {
	switch {
	case entry.Hold != nil:
		return s.holdFor(ctx, caller, name, texts(entry.Hold.Seats), int64(entry.Hold.TTLMS))
	case entry.Extend != nil:
		return s.extendFor(ctx, caller, name, string(entry.Extend.Token), int64(entry.Extend.TTLMS))
	case entry.Pin != nil:
		return s.pinFor(ctx, caller, reserve.Order{Name: name, OrderID: string(entry.Pin.OrderID), Token: string(entry.Pin.Token)})
	case entry.Confirm != nil:
		order := reserve.Order{Name: name, OrderID: string(entry.Confirm.OrderID), Token: string(entry.Confirm.Token)}
		return s.confirmFor(ctx, caller, order)
	case entry.Release.OrderID != "":
		return s.giveBackFor(ctx, caller, reserve.Order{Name: name, OrderID: string(entry.Release.OrderID)})
	default:
		return s.releaseFor(ctx, caller, name)
	}
}

func (e Entry) name() hold.Name {
	var named who
	switch {
	case e.Hold != nil:
		named = e.Hold.who
	case e.Extend != nil:
		named = e.Extend.who
	case e.Pin != nil:
		named = e.Pin.who
	case e.Confirm != nil:
		named = e.Confirm.who
	default:
		named = e.Release.who
	}
	return nameOf(named.ShowID, string(named.Subject), named.ID)
}

// answerOut is what an entry is told. A defect is told as one, and is the entry's alone.
func answerOut(ctx context.Context, id string, made route.Answer, err error) AnswerOut {
	if err == nil {
		return AnswerOut{id, int64(made.Status), made.Replayed, json.RawMessage(made.Body)}
	}
	refused := problem.Of(err)
	return AnswerOut{id, int64(refused.Kind().Status), refused.Headers.Get("idempotency-replayed") == "true", json.RawMessage(problem.Body(refused, trace.ID(ctx)))}
}
