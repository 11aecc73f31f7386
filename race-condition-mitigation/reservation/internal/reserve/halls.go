package reserve

import (
	"context"
	"sync"

	"trivet/reservation/internal/hold"
	"trivet/reservation/internal/ledger"
	"trivet/reservation/internal/problem"
)

// hallsMost is how many shows a process keeps in mind: one of 50,000 seats takes about 5 MB.
const hallsMost = 64

// Hall is a show with its seats found by their ids. It never changes.
type Hall struct {
	Show   ledger.Show
	prices map[string]int64
}

// Lines returns each of these seats with its price, or what is not a seat of this hall.
func (h *Hall) Lines(ids []string) (lines []hold.Price, strange []string) {
	lines = make([]hold.Price, len(ids))
	for place, id := range ids {
		price, known := h.prices[id]
		if !known {
			strange = append(strange, id)
		}
		lines[place] = hold.Price{Seat: id, UnitPriceMinor: price}
	}
	return lines, strange
}

// halls keeps shows that were asked for; a show never changes, so what is kept is never wrong.
type halls struct {
	books *ledger.Database
	mutex sync.Mutex
	kept  map[string]*Hall
	order []string // the one that was brought first is forgotten first
}

func newHalls(books *ledger.Database) *halls {
	return &halls{books: books, kept: map[string]*Hall{}}
}

func (h *halls) find(ctx context.Context, id string) (*Hall, error) {
	h.mutex.Lock()
	found := h.kept[id]
	h.mutex.Unlock()
	if found != nil {
		return found, nil
	}
	show, known, err := h.books.FindShow(ctx, id)
	if err != nil {
		return nil, err
	}
	if !known {
		return nil, problem.Newf(problem.NotFound, "there is no show %s", id).With("show_id", id)
	}
	return h.keep(newHall(show)), nil
}

func newHall(show ledger.Show) *Hall {
	hall := &Hall{show, make(map[string]int64, show.Count())}
	for _, block := range show.Blocks {
		for _, seat := range block.Seats {
			hall.prices[seat] = block.UnitPriceMinor
		}
	}
	return hall
}

func (h *halls) keep(hall *Hall) *Hall {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	id := hall.Show.ID
	if found := h.kept[id]; found != nil {
		return found
	}
	if len(h.order) == hallsMost {
		delete(h.kept, h.order[0])
		h.order = h.order[1:]
	}
	h.kept[id] = hall
	h.order = append(h.order, id)
	return hall
}

// ids returns the shows that are kept.
func (h *halls) ids() []string {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	return append([]string(nil), h.order...)
}
