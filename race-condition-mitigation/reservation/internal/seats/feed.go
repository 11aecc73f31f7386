package seats

import (
	"context"
	"strings"
	"time"

	"github.com/valkey-io/valkey-go"

	"trivet/reservation/internal/hold"
)

// Change is one change of a show's seats.
type Change struct {
	Version string
	Seats   []string
	State   hold.State // free, held, pinned or sold; empty where the whole memory was loaded anew
}

// feedAtOnce is how many changes are read at once.
const feedAtOnce = 256

// Changes returns what came after a version, waiting up to a while for something; nothing came if there is nothing.
// False: that version is not of this memory, or too old to go on from.
func (s *Store) Changes(ctx context.Context, show, after string, wait time.Duration) ([]Change, bool, error) {
	client, err := s.link.Client()
	if err != nil {
		return nil, false, err
	}
	ctx, cancel := context.WithTimeout(ctx, s.limits.Wait+wait)
	defer cancel()
	epoch, id, _ := strings.Cut(after, ".")
	known, err := s.knows(ctx, show, epoch, id)
	if err != nil || !known {
		return nil, false, err
	}
	read, err := client.Do(ctx, client.B().Xread().Count(feedAtOnce).Block(wait.Milliseconds()).
		Streams().Key(changes(show)).Id(id).Build()).AsXRead()
	if valkey.IsValkeyNil(err) {
		return nil, true, nil
	}
	if err != nil {
		return nil, false, translate(err)
	}
	var found []Change
	for _, entry := range read[changes(show)] {
		change := Change{Version: epoch + "." + entry.ID}
		for field, value := range entry.FieldValues {
			if field == "loaded" {
				return nil, false, nil // another memory: whoever listens begins anew
			}
			change.State, change.Seats = hold.State(field), strings.Split(value, ",")
		}
		found = append(found, change)
	}
	return found, true, nil
}

// knows says whether a version's own entry is still in the feed, so that nothing after it is missing.
func (s *Store) knows(ctx context.Context, show, epoch, id string) (bool, error) {
	client, err := s.link.Client()
	if err != nil {
		return false, err
	}
	ctx, cancel := context.WithTimeout(ctx, s.limits.Wait)
	defer cancel()
	replies := client.DoMulti(ctx,
		client.B().Get().Key(boot(show)).Build(),
		client.B().Xrange().Key(changes(show)).Start(id).End(id).Build(),
	)
	now, err := replies[0].ToString()
	if valkey.IsValkeyNil(err) {
		return false, ErrUnloaded
	}
	if err != nil {
		return false, translate(err)
	}
	entries, err := replies[1].AsXRange()
	if err != nil {
		if _, said := valkey.IsValkeyErr(err); said {
			return false, nil // what a client calls a version is none
		}
		return false, translate(err)
	}
	return now == epoch && len(entries) == 1, nil
}
