package main

import (
	"context"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"time"
)

// plan is the load of both sides.
type plan struct {
	callers  int
	seats    int
	duration time.Duration
}

// caller is one of those who hold and give back, and what it saw.
type caller struct {
	number  int
	took    []time.Duration // of cycles that were whole
	refused int
}

// run lets every caller hold a seat by chance and give it back, again and again. Who finds the seat taken tries again at
// once: that is no cycle.
func (p plan) run(ctx context.Context, side side, meter meter) sample {
	callers := make([]*caller, p.callers)
	var group sync.WaitGroup
	before := meter.served(ctx)
	began := time.Now()
	for number := range callers {
		callers[number] = &caller{number: number, took: make([]time.Duration, 0, 1<<16)}
		group.Go(func() { callers[number].cycle(ctx, side, p.seats, began.Add(p.duration)) })
	}
	group.Wait()
	elapsed := time.Since(began).Seconds()
	var took []time.Duration
	var refused int
	for _, each := range callers {
		took, refused = append(took, each.took...), refused+each.refused
	}
	slices.Sort(took)
	return sample{
		PerS: float64(len(took)) / elapsed, Refused: float64(refused) / elapsed,
		P50us: percentile(took, 50), P99us: percentile(took, 99),
		ServerUs: (meter.served(ctx) - before) / float64(len(took)),
	}
}

func (c *caller) cycle(ctx context.Context, side side, seats int, ends time.Time) {
	chance := rand.New(rand.NewPCG(uint64(c.number), 1)) //nolint:gosec // a bench must be repeatable, not secret
	for count := 0; ; count++ {
		began := time.Now()
		if began.After(ends) {
			return
		}
		seat := "a-" + strconv.Itoa(chance.IntN(seats))
		done, err := side.cycle(ctx, "h-"+strconv.Itoa(c.number)+"-"+strconv.Itoa(count), seat)
		must(err)
		if done {
			c.took = append(c.took, time.Since(began))
		} else {
			c.refused++
		}
	}
}

func percentile(sorted []time.Duration, percent int) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return float64(sorted[min(len(sorted)*percent/100, len(sorted)-1)].Nanoseconds()) / 1e3
}
