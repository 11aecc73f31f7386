package ledger

import (
	"context"
	"embed"
	"fmt"

	"github.com/jackc/pgx/v5"
)

//go:embed migrations/*.sql
var migrations embed.FS

// step is one migration. A guard is left out for a lab's strategy that is there to be seen failing without it.
type step struct {
	version int
	file    string
	guard   bool
}

var steps = []step{
	{1, "0001_shows_and_settlements.sql", false},
	{2, "0002_one_holder.sql", true},
}

// migrationLock keeps two migrations of one database apart.
const migrationLock = 7_401_933_815

const (
	makeVersions = "CREATE TABLE IF NOT EXISTS migrations (version integer PRIMARY KEY, at timestamptz NOT NULL DEFAULT clock_timestamp())"
	guardName    = "taken_one_holder"
	look         = `SELECT to_regclass('taken') IS NOT NULL,
    EXISTS (SELECT FROM pg_constraint WHERE conname = '` + guardName + `' AND conrelid = to_regclass('taken'))`
)

// Migrate brings a database to the newest shape; nothing happens if it is there. All of it is one transaction.
func Migrate(ctx context.Context, url string, constrained bool) error {
	connection, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer func() { _ = connection.Close(ctx) }()
	return pgx.BeginFunc(ctx, connection, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", migrationLock); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, makeVersions); err != nil {
			return err
		}
		for _, each := range steps {
			if each.guard && !constrained {
				continue
			}
			if err := each.apply(ctx, tx); err != nil {
				return fmt.Errorf("%s: %w", each.file, err)
			}
		}
		return nil
	})
}

func (s step) apply(ctx context.Context, tx pgx.Tx) error {
	tag, err := tx.Exec(ctx, "INSERT INTO migrations (version) VALUES ($1) ON CONFLICT DO NOTHING", s.version)
	if err != nil || tag.RowsAffected() == 0 {
		return err
	}
	text, err := migrations.ReadFile("migrations/" + s.file)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, string(text))
	return err
}

// WrongDatabaseError says that a database is not the one that the strategy wants.
type WrongDatabaseError struct{ Why string }

func (e *WrongDatabaseError) Error() string { return e.Why }

// verify looks at the constraint itself, not at a note of what was migrated, because the constraint is what is relied on:
// a guarded strategy never runs without its last line of defence, and one that is there to be seen selling a seat twice
// is not silently saved by it.
func verify(ctx context.Context, connection *pgx.Conn, constrained bool) error {
	var migrated, guarded bool
	if err := connection.QueryRow(ctx, look).Scan(&migrated, &guarded); err != nil {
		return err
	}
	if !migrated {
		return &WrongDatabaseError{"the database has no tables yet: run trivet-reservation migrate"}
	}
	if guarded != constrained {
		has, wants := "lacks", "with"
		if guarded {
			has, wants = "has", "without"
		}
		return &WrongDatabaseError{fmt.Sprintf(
			"the database %s the constraint %s and the strategy wants one %s it: give each strategy a database of its own, "+
				"migrated under the same TRIVET_RESERVATION_STRATEGY", has, guardName, wants)}
	}
	return nil
}
