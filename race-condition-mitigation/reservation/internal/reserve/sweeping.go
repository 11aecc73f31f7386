package reserve

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"trivet/reservation/internal/seats"
)

const (
	reapedAtOnce = 100
	unmarkedMost = 200
)

// Sweep ends holds whose time is over, settles pins that nobody finished, and tells Valkey what it was not told, again
// and again until the context ends. Every replica does so for itself: each step may be done twice.
func (d *Desk) Sweep(ctx context.Context, every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if err := d.sweep(ctx); err != nil && ctx.Err() == nil {
				slog.WarnContext(ctx, "sweep failed", "error", err)
			}
		}
	}
}

func (d *Desk) sweep(ctx context.Context) error {
	var failed []error
	for _, show := range d.halls.ids() {
		failed = append(failed, d.reap(ctx, show), d.settleForgotten(ctx, show))
	}
	return errors.Join(append(failed, d.catchUp(ctx), d.tellAgain(ctx), d.writeDown(ctx))...)
}

// reap ends what is over in a show.
func (d *Desk) reap(ctx context.Context, show string) error {
	for {
		count, err := d.memory.Reap(ctx, show, reapedAtOnce)
		if errors.Is(err, seats.ErrUnloaded) {
			return nil
		}
		if err != nil || count < reapedAtOnce {
			return err
		}
	}
}

// settleForgotten settles pins whose process died, or stands still, between Valkey and PostgreSQL: a new epoch refuses
// what was not committed, so what the books do not have can run out again.
func (d *Desk) settleForgotten(ctx context.Context, show string) error {
	forgotten, err := d.isForgotten(ctx, show)
	if err != nil || !forgotten {
		return err
	}
	return d.load(ctx, show, d.isForgotten)
}

func (d *Desk) isForgotten(ctx context.Context, show string) (bool, error) {
	count, err := d.memory.Pinning(ctx, show, d.limits.PinningGraceMS)
	return count > 0, err
}

// catchUp reads a memory anew that is behind its books: whoever counted the epoch up died before he had read what belongs
// to it. Until then no pin of that show is committed. One that is behind at two sweeps is not being read by anybody who is
// alive, or by somebody slow, who is then overtaken.
func (d *Desk) catchUp(ctx context.Context) error {
	epochs, err := d.books.Epochs(ctx, d.halls.ids())
	if err != nil {
		return err
	}
	before := d.behind
	d.behind = map[string]int64{}
	var failed []error
	for show, epoch := range epochs {
		behind, err := d.isBehind(ctx, show, epoch)
		switch {
		case err != nil:
			failed = append(failed, err)
		case behind && before[show] == epoch:
			failed = append(failed, d.load(ctx, show, func(ctx context.Context, show string) (bool, error) {
				return d.isBehind(ctx, show, epoch)
			}))
		case behind:
			d.behind[show] = epoch
		}
	}
	return errors.Join(failed...)
}

// isBehind tells whether a show's memory is there and older than an epoch of its books.
func (d *Desk) isBehind(ctx context.Context, show string, epoch int64) (bool, error) {
	remembered, err := d.memory.Epoch(ctx, show)
	if errors.Is(err, seats.ErrUnloaded) {
		return false, nil
	}
	return err == nil && remembered < epoch, err
}

// tellAgain tells Valkey what it was not told within the grace.
func (d *Desk) tellAgain(ctx context.Context) error {
	unmarked, err := d.books.Unmarked(ctx, d.limits.PinningGraceMS, unmarkedMost)
	if err != nil {
		return err
	}
	for _, settled := range unmarked {
		err := d.loaded(ctx, settled.Name.ShowID, func() error { return d.memory.Mark(ctx, settled) })
		if err == nil {
			d.marks.add(settled)
		} else if !errors.Is(err, seats.ErrStale) {
			return err
		}
	}
	return nil
}

// writeDown lets the books know what Valkey was told.
func (d *Desk) writeDown(ctx context.Context) error {
	told := d.marks.take()
	if len(told) == 0 {
		return nil
	}
	return d.books.SetMarked(ctx, told)
}
