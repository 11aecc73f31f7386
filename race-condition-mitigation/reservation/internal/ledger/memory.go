package ledger

import (
	"context"
	_ "embed"

	"github.com/jackc/pgx/v5"

	"trivet/reservation/internal/hold"
	"trivet/reservation/internal/seats"
)

var (
	//go:embed sql/read_taken.sql
	readTaken string
	//go:embed sql/find_unmarked.sql
	findUnmarked string
	//go:embed sql/set_marked.sql
	setMarked string
)

// NewEpoch counts a show's epoch up and returns it with all that is pinned and sold: what a new memory begins with.
// It waits for every pin and release that is under way, and refuses what is still to come of the epoch before. If needed
// says no once the lock is there, somebody else was faster and nothing is counted: false.
func (d *Database) NewEpoch(ctx context.Context, show string, needed func() (bool, error)) (int64, []seats.Mark, bool, error) {
	var epoch int64
	var marks []seats.Mark
	var wanted bool
	err := d.Write(ctx, nil, func(ctx context.Context, tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, lockExclusive, lockKey(show)); err != nil {
			return err
		}
		var err error
		if wanted, err = needed(); err != nil || !wanted {
			return err
		}
		batch := &pgx.Batch{}
		batch.Queue("UPDATE shows SET epoch = epoch + 1 WHERE id = $1 RETURNING epoch", show)
		batch.Queue(readTaken, show)
		results := tx.SendBatch(ctx, batch)
		defer func() { _ = results.Close() }()
		if err := results.QueryRow().Scan(&epoch); err != nil {
			return err
		}
		rows, err := results.Query()
		if err != nil {
			return err
		}
		if marks, err = pgx.CollectRows(rows, pgx.RowToStructByPos[seats.Mark]); err != nil {
			return err
		}
		return results.Close()
	})
	return epoch, marks, wanted, err
}

// Epochs returns the epoch of each of these shows.
func (d *Database) Epochs(ctx context.Context, shows []string) (map[string]int64, error) {
	found := make(map[string]int64, len(shows))
	err := d.Read(ctx, func(ctx context.Context, on Querier) error {
		rows, err := on.Query(ctx, "SELECT id, epoch FROM shows WHERE id = ANY ($1)", shows)
		if err != nil {
			return err
		}
		var show string
		var epoch int64
		_, err = pgx.ForEachRow(rows, []any{&show, &epoch}, func() error {
			found[show] = epoch
			return nil
		})
		return err
	})
	return found, err
}

// Unmarked returns settlements that Valkey was not told of within a grace, each with its show's epoch.
func (d *Database) Unmarked(ctx context.Context, graceMS int64, most int) ([]seats.Settled, error) {
	var found []seats.Settled
	err := d.Read(ctx, func(ctx context.Context, on Querier) error {
		rows, err := on.Query(ctx, findUnmarked, graceMS, most)
		if err != nil {
			return err
		}
		found, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (seats.Settled, error) {
			var each seats.Settled
			var state string
			err := row.Scan(&each.Name.ShowID, &each.Name.Subject, &each.Name.ID, &each.OrderID, &state, &each.Fence, &each.Seats, &each.Epoch)
			each.State = hold.State(state)
			return each, err
		})
		return err
	})
	return found, err
}

// SetMarked remembers that Valkey knows of these settlements, as long as they still stand as they were told.
func (d *Database) SetMarked(ctx context.Context, told []seats.Settled) error {
	columns := make([][]string, 5)
	for _, each := range told {
		for place, word := range []string{each.Name.ShowID, each.Name.Subject, each.Name.ID, each.OrderID, string(each.State)} {
			columns[place] = append(columns[place], word)
		}
	}
	return d.Write(ctx, nil, func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, setMarked, columns[0], columns[1], columns[2], columns[3], columns[4])
		return err
	})
}
