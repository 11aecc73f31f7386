package ledger

import (
	"context"
	_ "embed"
	"errors"

	"github.com/jackc/pgx/v5"
)

var (
	//go:embed sql/insert_show.sql
	insertShow string
	//go:embed sql/insert_blocks.sql
	insertBlocks string
)

// Block is a part of a hall whose seats cost the same.
type Block struct {
	Name           string
	UnitPriceMinor int64
	Seats          []string
}

// Show is a hall for one evening. It never changes once it is there.
type Show struct {
	ID       string
	Name     string
	Currency string
	Blocks   []Block
}

// Count returns how many seats there are.
func (s Show) Count() int {
	total := 0
	for _, block := range s.Blocks {
		total += len(block.Seats)
	}
	return total
}

// InsertShow puts a show on sale, in a transaction; false if its id is taken.
func InsertShow(ctx context.Context, tx pgx.Tx, show Show) (bool, error) {
	tag, err := tx.Exec(ctx, insertShow, show.ID, show.Name, show.Currency, show.Count())
	if err != nil || tag.RowsAffected() == 0 {
		return false, err
	}
	batch := &pgx.Batch{}
	for place, block := range show.Blocks {
		batch.Queue(insertBlocks, show.ID, place, block.Name, block.UnitPriceMinor, block.Seats)
	}
	return true, tx.SendBatch(ctx, batch).Close()
}

// FindShow returns a show; false if there is none of this id.
func (d *Database) FindShow(ctx context.Context, id string) (Show, bool, error) {
	show := Show{ID: id}
	err := d.Read(ctx, func(ctx context.Context, on Querier) error {
		if err := on.QueryRow(ctx, "SELECT name, currency FROM shows WHERE id = $1", id).Scan(&show.Name, &show.Currency); err != nil {
			return err
		}
		rows, err := on.Query(ctx, "SELECT name, unit_price_minor, seats FROM blocks WHERE show_id = $1 ORDER BY place", id)
		if err != nil {
			return err
		}
		show.Blocks, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Block])
		return err
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return Show{}, false, nil
	}
	return show, err == nil, err
}
