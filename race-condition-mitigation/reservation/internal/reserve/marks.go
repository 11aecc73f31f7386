package reserve

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"trivet/reservation/internal/seats"
)

// marksMost is how many settlements may wait to be written down as told; what is over is found by the books themselves.
const marksMost = 4096

// marks are settlements that Valkey was told of, until the books know that it was.
type marks struct {
	mutex sync.Mutex
	told  []seats.Settled
}

func newMarks() *marks { return &marks{} }

func (m *marks) add(settled seats.Settled) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if len(m.told) < marksMost {
		m.told = append(m.told, settled)
	}
}

func (m *marks) take() []seats.Settled {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	taken := m.told
	m.told = nil
	return taken
}

// mark tells Valkey what PostgreSQL committed. That it fails changes no answer: what was committed lasts, and whoever
// looks for what Valkey was not told tells it again.
func (d *Desk) mark(ctx context.Context, settled seats.Settled) {
	err := d.memory.Mark(context.WithoutCancel(ctx), settled)
	switch {
	case err == nil:
		d.marks.add(settled)
	case !errors.Is(err, seats.ErrStale):
		slog.WarnContext(ctx, "valkey was not told", "show_id", settled.Name.ShowID, "state", settled.State, "error", err)
	}
}
