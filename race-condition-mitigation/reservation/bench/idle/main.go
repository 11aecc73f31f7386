// Command idle is the reservation with one route that does nothing: `POST /seat-holds` reads the same body behind the
// same middleware, and answers without asking anybody. What a hold costs is measured beside it.
package main

import (
	"context"
	"log"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"trivet/reservation/internal/api"
	"trivet/reservation/internal/bootstrap"
	"trivet/reservation/internal/logs"
	"trivet/reservation/internal/problem"
	"trivet/reservation/internal/route"
	"trivet/reservation/internal/settings"
	"trivet/reservation/internal/token"
	"trivet/reservation/internal/web"
)

func main() {
	if err := serve(); err != nil {
		log.Fatal(err)
	}
}

func serve() error {
	s, err := settings.FromEnvironment()
	if err != nil {
		return err
	}
	level, err := logs.LevelOf(s.LogLevel)
	if err != nil {
		return err
	}
	logs.Configure(settings.Member, s.Listen, level)
	defer logs.Flush(time.Second)
	gate, err := token.NewGate(s)
	if err != nil {
		return err
	}
	nothing := route.Route{
		Method: http.MethodPost, Pattern: "/seat-holds", Operation: "holdSeats", Scope: api.HoldSeats, Replays: true,
		Summary: "Do nothing", Description: "Read what is asked for, and say that it was asked.",
		Body: api.HoldIn{}, Answer: api.ReleaseOut{}, Status: http.StatusCreated, Done: "Nothing",
		Refusals: []string{problem.NotFound},
		Handle: func(_ context.Context, r *route.Request) (route.Answer, error) {
			asked := route.BodyOf[api.HoldIn](r)
			return route.Success(http.StatusCreated, api.ReleaseOut{ID: string(asked.ID), ShowID: string(asked.ShowID), State: "idle"}), nil
		},
	}
	units := &web.Units{}
	health := web.NewHealth(nil, nil)
	server := web.Server{
		Listen: s.Listen, Health: health, Units: units,
		Handler:    bootstrap.Handler(s, gate, []route.Route{nothing}, health, prometheus.NewRegistry(), units),
		Drain:      web.Drain{Timeout: time.Second},
		Background: []func(context.Context) error{func(ctx context.Context) error { gate.Run(ctx); return nil }},
	}
	return server.Serve()
}
