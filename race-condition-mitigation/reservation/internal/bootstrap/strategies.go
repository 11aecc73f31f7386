package bootstrap

import (
	"trivet/reservation/internal/reserve"
	"trivet/reservation/internal/seats"
	"trivet/reservation/internal/settings"
)

// strategy is how those who want one seat exclude each other, and what it needs of the database.
type strategy struct {
	memory      func(*seats.Store) reserve.Memory
	constrained bool
	labOnly     bool
}

var strategies = map[string]strategy{
	"setnx": {memory: func(store *seats.Store) reserve.Memory { return store }, constrained: true},
	"naive": {memory: func(store *seats.Store) reserve.Memory { return seats.Naive{Store: store} }, labOnly: true},
}

// chosen returns the strategy that the settings name, if it may be started here.
func chosen(s *settings.Settings) (strategy, error) {
	found := strategies[s.Strategy]
	if found.labOnly && s.Lab == "" {
		return strategy{}, &settings.Error{Faults: []string{
			"TRIVET_RESERVATION_STRATEGY=" + s.Strategy + " sells seats twice: only a lab may start it, under TRIVET_LAB",
		}}
	}
	return found, nil
}
