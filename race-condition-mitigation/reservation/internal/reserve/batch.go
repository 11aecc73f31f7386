package reserve

import (
	"context"
	"sync"

	"trivet/reservation/internal/hold"
)

// batchAtOnce is how many holds of a batch are worked on at a time, so that one batch does not take every connection.
const batchAtOnce = 8

// Each does the entries of a batch: those of one hold one after the other, in their order, and those of different holds
// at the same time, since no order waits for another's.
func Each(ctx context.Context, names []hold.Name, do func(ctx context.Context, place int)) {
	places := map[hold.Name][]int{}
	var order []hold.Name
	for place, name := range names {
		if _, seen := places[name]; !seen {
			order = append(order, name)
		}
		places[name] = append(places[name], place)
	}
	turns := make(chan struct{}, batchAtOnce)
	var group sync.WaitGroup
	for _, name := range order {
		turns <- struct{}{}
		group.Go(func() {
			defer func() { <-turns }()
			for _, place := range places[name] {
				do(ctx, place)
			}
		})
	}
	group.Wait()
}
