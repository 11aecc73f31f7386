package web

import (
	"net/http"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"trivet/reservation/internal/problem"
)

// OpenPaths need no place and no token: health and metrics.
var OpenPaths = []string{"/livez", "/readyz", "/metrics"}

// Shedding serves at most "most" requests at once, and answers one more 429 queue-full without a wait.
//
// Which race: requests come faster than they are served. Each that waits takes memory, and time from all others, so
// that soon every client has given up before its answer comes and asks again: the replica works at its limit and serves
// nobody. Why this guard: who has a place is served in a bounded time, and who has none knows so at once and that
// nothing happened. It stands before the token is verified and the body is read, because a flood of bad tokens or slow
// bodies takes places too. Places are counted in one atomic step, so two can never take the last one. A place is given
// back however a request ends. If it is lost, an overload ends with the memory or with the last client.
//
// The open paths have a place of their own: health and metrics are answered at once, whoever waits. If they were shed,
// an overloaded replica would be called dead, and its load would be pushed on the others until none is left.
//
// Sources: RFC 6585 section 4 (429 Too Many Requests), RFC 9110 section 10.2.3 (Retry-After); "Handling Overload",
// chapter 21 of Site Reliability Engineering (Beyer et al., O'Reilly 2016).
func Shedding(most int, openPaths []string, member string, registry prometheus.Registerer) Middleware {
	shed := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "trivet_http_requests_shed_total",
		Help: "Requests turned away because as many were being served as may be",
	}, []string{"member"})
	registry.MustRegister(shed)
	turnedAway := shed.WithLabelValues(member)
	served := &places{most: int64(most)}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if slices.Contains(openPaths, r.URL.Path) {
				next.ServeHTTP(w, r)
				return
			}
			leave, entered := served.enter()
			if !entered {
				turnedAway.Inc()
				problem.Write(w, r, problem.Newf(problem.QueueFull, "%d requests are being served already", most))
				return
			}
			defer leave()
			known, r := askedOf(r)
			known.leave = leave
			next.ServeHTTP(w, r)
		})
	}
}

// places are so many at once.
type places struct {
	most  int64
	taken atomic.Int64
}

// enter takes a place if there is one; leave gives it back, once however often it is called.
func (p *places) enter() (leave func(), entered bool) {
	if p.taken.Add(1) > p.most {
		p.taken.Add(-1)
		return nil, false
	}
	return sync.OnceFunc(func() { p.taken.Add(-1) }), true
}
