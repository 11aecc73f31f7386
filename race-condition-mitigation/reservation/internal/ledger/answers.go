package ledger

import (
	"context"
	"errors"
	"hash/fnv"
	"time"

	"github.com/jackc/pgx/v5"
)

// Answer is what a request under a key was told, and the hash of what it asked for.
type Answer struct {
	Payload []byte
	Status  int
	Body    []byte
}

// ErrInFlight says that another request with the key has not ended yet.
var ErrInFlight = errors.New("another request with this key has not ended yet")

// Key is whose request it is: keys are unique for a subject and an operation.
type Key struct {
	Subject   string
	Operation string
	Key       string
}

func (k Key) lock() int64 {
	sum := fnv.New64a()
	_, _ = sum.Write([]byte("reservation.idempotency\x00" + k.Subject + "\x00" + k.Operation + "\x00" + k.Key))
	return int64(sum.Sum64()) //nolint:gosec // the bits are what counts
}

// ClaimKey makes a transaction the only one that works on a key, and returns what the key was told before, nil if nothing.
//
// Which race: two requests with one key at once, on two replicas. Why this guard: the first takes a transaction-level
// advisory lock; the second fails to, and is told so. The lock ends with its transaction, so no crash strands it, and the
// look-up is a statement of its own, whose snapshot sees what the former holder committed. If the lock were lost, the
// primary key of answers would still refuse the second.
func ClaimKey(ctx context.Context, tx pgx.Tx, key Key) (*Answer, error) {
	var taken bool
	if err := tx.QueryRow(ctx, "SELECT pg_try_advisory_xact_lock($1)", key.lock()).Scan(&taken); err != nil {
		return nil, err
	}
	if !taken {
		return nil, ErrInFlight
	}
	var found Answer
	err := tx.QueryRow(ctx, "SELECT payload, status, body FROM answers WHERE subject = $1 AND operation = $2 AND key = $3",
		key.Subject, key.Operation, key.Key).Scan(&found.Payload, &found.Status, &found.Body)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	_, err = tx.Exec(ctx, acknowledge)
	return &found, err
}

// StoreAnswer remembers an answer in the transaction of its effect.
func StoreAnswer(ctx context.Context, tx pgx.Tx, key Key, answer Answer) error {
	_, err := tx.Exec(ctx, "INSERT INTO answers (subject, operation, key, payload, status, body) VALUES ($1, $2, $3, $4, $5, $6)",
		key.Subject, key.Operation, key.Key, answer.Payload, answer.Status, answer.Body)
	return err
}

// PruneAnswers forgets up to most answers that are older than the retention, and returns how many.
func (d *Database) PruneAnswers(ctx context.Context, retention time.Duration, most int) (int64, error) {
	var count int64
	err := d.Write(ctx, nil, func(ctx context.Context, tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `DELETE FROM answers WHERE ctid = ANY (ARRAY(
			SELECT ctid FROM answers WHERE at < clock_timestamp() - $1 * interval '1 second' LIMIT $2))`, retention.Seconds(), most)
		count = tag.RowsAffected()
		return err
	})
	return count, err
}
