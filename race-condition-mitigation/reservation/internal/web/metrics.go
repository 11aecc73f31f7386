package web

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Buckets are the bounds of the request histogram in seconds.
var Buckets = []float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}

// clientLeft is observed of a request whose client left before the answer began.
const clientLeft = 499

var methods = []string{
	http.MethodConnect, http.MethodDelete, http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodPatch,
	http.MethodPost, http.MethodPut, http.MethodTrace,
}

// Metrics observes every request in trivet_http_request_seconds and counts those in flight.
func Metrics(member string, registry prometheus.Registerer) Middleware {
	seconds := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "trivet_http_request_seconds",
		Help:    "Time from the first byte of a request to the last of its answer",
		Buckets: Buckets,
	}, []string{"member", "route", "method", "status"})
	inFlight := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "trivet_http_requests_in_flight",
		Help: "Requests being served",
	}, []string{"member"})
	registry.MustRegister(seconds, inFlight)
	served := inFlight.WithLabelValues(member)
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			began := time.Now()
			known, r := askedOf(r)
			told := answerOf(w)
			ended := false
			served.Inc()
			defer func() {
				served.Dec()
				status := strconv.Itoa(statusOf(told, ended))
				seconds.WithLabelValues(member, routeOf(known), methodOf(r), status).Observe(time.Since(began).Seconds())
			}()
			next.ServeHTTP(told, r)
			ended = true
		})
	}
}

// statusOf returns what whoever asked is told; a handler that ended and wrote nothing has said 200.
func statusOf(told *answer, ended bool) int {
	switch {
	case told.status != 0:
		return told.status
	case ended:
		return http.StatusOK
	}
	return clientLeft
}

func routeOf(known *asked) string {
	if known.route == "" {
		return "unmatched"
	}
	return known.route
}

func methodOf(r *http.Request) string {
	if slices.Contains(methods, r.Method) {
		return r.Method
	}
	return "other"
}

// MetricsHandler serves a registry, for /metrics.
func MetricsHandler(registry prometheus.Gatherer) http.Handler {
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{DisableCompression: true})
}
