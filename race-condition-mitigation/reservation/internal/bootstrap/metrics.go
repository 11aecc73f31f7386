package bootstrap

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"trivet/reservation/internal/ledger"
)

// operations are counted from 0: a series that appears with its first event has no 0 before it, and rate() then misses
// that event.
var operations = map[string][]string{
	"holdSeats":    {"held", "replayed", "already-held", "hold-released", "idempotency-key-reuse", "not-found"},
	"extendHold":   {"extended", "forbidden", "hold-expired", "hold-released", "too-late", "not-found"},
	"releaseHold":  {"released", "too-late", "not-found"},
	"pinHold":      {"pinned", "replayed", "forbidden", "already-held", "hold-expired", "hold-released", "not-found"},
	"confirmHold":  {"sold", "replayed", "forbidden", "already-held", "hold-expired", "hold-released", "not-found"},
	"giveBackHold": {"released", "too-late", "not-found"},
}

var everywhere = []string{"unknown", "unavailable", "internal"}

// counted returns what counts operations by how they end.
func counted(registry *prometheus.Registry, strategy string) func(operation, outcome string) {
	count := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "trivet_reservation_operations_total",
		Help: "Operations by outcome: what was done, replayed, unknown, or the code of the refusal",
	}, []string{"strategy", "operation", "outcome"})
	registry.MustRegister(count)
	for operation, outcomes := range operations {
		for _, outcome := range append(outcomes, everywhere...) {
			count.WithLabelValues(strategy, operation, outcome)
		}
	}
	return func(operation, outcome string) { count.WithLabelValues(strategy, operation, outcome).Inc() }
}

// pool reads the connections when it is scraped, so that no request pays for it.
type pool struct {
	books *ledger.Database
	what  *prometheus.Desc
}

func newPool(books *ledger.Database) pool {
	return pool{books, prometheus.NewDesc("trivet_reservation_pool_connections", "Database connections by state", []string{"state"}, nil)}
}

// Describe says what there is to be read.
func (p pool) Describe(out chan<- *prometheus.Desc) { out <- p.what }

// Collect reads it.
func (p pool) Collect(out chan<- prometheus.Metric) {
	used, idle := p.books.Connections()
	out <- prometheus.MustNewConstMetric(p.what, prometheus.GaugeValue, float64(used), "used")
	out <- prometheus.MustNewConstMetric(p.what, prometheus.GaugeValue, float64(idle), "idle")
}

func newRegistry(books *ledger.Database) *prometheus.Registry {
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		newPool(books),
		// Of the memory's figures two are called alike by readers that leave `_total` away.
		collectors.NewGoCollector(collectors.WithGoCollectorMemStatsMetricsDisabled()),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return registry
}
