package ledger

import (
	"context"
	"log/slog"
	"time"
)

// prunedAtOnce keeps a pruning's transaction short.
const prunedAtOnce = 1000

// Prune forgets stored bodies that are older than the retention, again and again until the context ends. What they were
// about is kept: a show's id stays taken.
func Prune(ctx context.Context, books *Database, retention, every time.Duration) error {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			if err := books.pruneAll(ctx, retention); err != nil && ctx.Err() == nil {
				slog.WarnContext(ctx, "pruning failed", "error", err.Error())
			}
		}
	}
}

func (d *Database) pruneAll(ctx context.Context, retention time.Duration) error {
	for {
		count, err := d.PruneAnswers(ctx, retention, prunedAtOnce)
		if err != nil || count < prunedAtOnce {
			return err
		}
	}
}
