// Package bootstrap is the composition root: the one place where settings become objects and a strategy is chosen.
package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"trivet/reservation/internal/api"
	"trivet/reservation/internal/failpoint"
	"trivet/reservation/internal/ledger"
	"trivet/reservation/internal/logs"
	"trivet/reservation/internal/reserve"
	"trivet/reservation/internal/route"
	"trivet/reservation/internal/seats"
	"trivet/reservation/internal/settings"
	"trivet/reservation/internal/token"
	"trivet/reservation/internal/web"
)

const (
	streamsMost   = 500
	refusalMemory = 60_000
	confirmWithin = 5 * time.Second
)

// Migrate brings the database to the shape that the chosen strategy wants.
func Migrate(ctx context.Context, s *settings.Settings) error {
	strategy, err := chosen(s)
	if err != nil {
		return err
	}
	return ledger.Migrate(ctx, s.DatabaseURL, strategy.constrained)
}

// Document returns the OpenAPI document.
func Document() map[string]any {
	info := route.Info{Title: "Trivet Reservation", Summary: "Holds seats that two people can never both hold.", Version: "1"}
	return route.Document(info, api.Routes(nil))
}

// Serve serves until it is told to end.
func Serve(s *settings.Settings) error {
	level, err := logs.LevelOf(s.LogLevel)
	if err != nil {
		return err
	}
	logs.Configure(settings.Member, s.Listen, level)
	defer logs.Flush(logs.EndDeadline)
	strategy, err := chosen(s)
	if err != nil {
		return err
	}
	if err := failpoint.Configure(s.Failpoints, s.Lab, slices.Sorted(maps.Keys(reserve.Failpoints))); err != nil {
		return err
	}
	gate, err := token.NewGate(s)
	if err != nil {
		return err
	}
	books, err := openBooks(s, strategy)
	if err != nil {
		return err
	}
	defer books.Close()
	link, err := seats.NewLink(s.ValkeyURLs[0], milliseconds(s.ValkeyTimeoutMs))
	if err != nil {
		return &settings.Error{Faults: []string{"TRIVET_RESERVATION_VALKEY_URLS: " + err.Error()}}
	}
	defer link.Close()
	return serverOf(s, strategy, gate, books, link).Serve()
}

func openBooks(s *settings.Settings, strategy strategy) (*ledger.Database, error) {
	books, err := ledger.Open(s.DatabaseURL, ledger.Limits{
		Connections:       int32(s.PoolConnectionsMax), //nolint:gosec // at most 200
		PoolWait:          milliseconds(s.PoolWaitMs),
		Statement:         milliseconds(s.StatementTimeoutMs),
		IdleInTransaction: milliseconds(s.IdleInTransactionTimeoutMs),
		Commit:            milliseconds(s.CommitTimeoutMs),
	}, strategy.constrained)
	if err != nil {
		return nil, fmt.Errorf("TRIVET_RESERVATION_DATABASE_URL: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), confirmWithin)
	defer cancel()
	if err := books.Confirm(ctx); err != nil {
		books.Close()
		return nil, err
	}
	return books, nil
}

func serverOf(s *settings.Settings, strategy strategy, gate *token.Gate, books *ledger.Database, link *seats.Link) web.Server {
	store := seats.New(link, seats.Limits{
		Wait: milliseconds(s.ValkeyTimeoutMs), Lifetime: s.HoldLifetimeMsMax, Memory: 2 * s.HoldLifetimeMsMax, Refusal: refusalMemory,
	})
	desk := reserve.New(strategy.memory(store), books, reserve.Limits{TTLMS: s.HoldTTLMs, PinningGraceMS: s.PinningGraceMs}, failpoint.Reach)
	registry := newRegistry(books)
	limits := api.Limits{TTLMS: s.HoldTTLMsMax, Seats: s.SeatsPerHoldMax}
	service := api.New(desk, books, limits, counted(registry, s.Strategy), web.NewStreams(streamsMost), failpoint.Reach)
	health := web.NewHealth(checksOf(gate, books, link), checks(gate.Concerns()))
	units := &web.Units{}
	return web.Server{
		Listen: s.Listen, Handler: Handler(s, gate, api.Routes(service), health, registry, units), Health: health, Units: units,
		Drain:      web.Drain{Delay: milliseconds(s.DrainDelayMs), Timeout: time.Duration(s.DrainTimeoutS) * time.Second},
		Background: background(s, gate, books, desk),
	}
}

// Handler returns routes behind everything that stands before a route. Whoever wants to know what a route costs puts one
// that does nothing there.
func Handler(
	s *settings.Settings, gate *token.Gate, routes []route.Route, health *web.Health, registry *prometheus.Registry, units *web.Units,
) http.Handler {
	mux := route.New(routes, plain(health, registry), web.Matched)
	return web.Chain(mux,
		web.Metrics(settings.Member, registry),
		web.Defects,
		web.Shedding(s.RequestsMax, token.OpenPaths(), settings.Member, registry),
		gate.Before(mux.Template),
		web.Bodies(web.BodyBytesMax, web.BodyDeadline),
		units.Deadline(milliseconds(s.RequestTimeoutMs)),
	)
}

func background(s *settings.Settings, gate *token.Gate, books *ledger.Database, desk *reserve.Desk) []func(context.Context) error {
	retention := time.Duration(s.AnswerRetentionH) * time.Hour
	return []func(context.Context) error{
		func(ctx context.Context) error { gate.Run(ctx); return nil },
		func(ctx context.Context) error { desk.Sweep(ctx, milliseconds(s.SweepIntervalMs)); return nil },
		func(ctx context.Context) error {
			return ledger.Prune(ctx, books, retention, time.Duration(s.PruneIntervalS)*time.Second)
		},
	}
}

func plain(health *web.Health, registry *prometheus.Registry) []route.Plain {
	return []route.Plain{
		{Path: "/livez", Handler: http.HandlerFunc(health.Livez)},
		{Path: "/readyz", Handler: http.HandlerFunc(health.Readyz)},
		{Path: "/metrics", Handler: web.MetricsHandler(registry)},
	}
}

func checksOf(gate *token.Gate, books *ledger.Database, link *seats.Link) []web.Check {
	return append(checks(gate.Checks()),
		web.Check{Name: "database", Ask: func(ctx context.Context) error { return blocker(books.Blocker(ctx)) }},
		web.Check{Name: "memory", Ask: link.Ping},
	)
}

func checks(asked []token.Check) []web.Check {
	made := make([]web.Check, len(asked))
	for place, each := range asked {
		made[place] = web.Check(each)
	}
	return made
}

func blocker(why string) error {
	if why == "" {
		return nil
	}
	return errors.New(why)
}

func milliseconds(count int64) time.Duration { return time.Duration(count) * time.Millisecond }
