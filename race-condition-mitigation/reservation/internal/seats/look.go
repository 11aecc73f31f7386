package seats

import (
	"context"
	"strings"

	"github.com/valkey-io/valkey-go"

	"trivet/reservation/internal/hold"
)

// mapAtOnce is how many seats one command asks for, so that a hall of 50,000 never keeps everybody else waiting.
const mapAtOnce = 1000

// Look returns what is remembered of a hold, as it is now on the server's clock; its state is unknown if nothing is.
func (s *Store) Look(ctx context.Context, name hold.Name) (Claim, error) {
	client, err := s.link.Client()
	if err != nil {
		return Claim{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, s.limits.Wait)
	defer cancel()
	replies := client.DoMulti(ctx,
		client.B().Get().Key(boot(name.ShowID)).Build(),
		client.B().Get().Key(claim(name)).Build(),
		client.B().Time().Build(),
	)
	if err := replies[0].Error(); valkey.IsValkeyNil(err) {
		return Claim{}, ErrUnloaded
	}
	text, err := replies[1].ToString()
	if valkey.IsValkeyNil(err) {
		return Claim{State: hold.Unknown}, nil
	}
	if err != nil {
		return Claim{}, translate(err)
	}
	clock, err := replies[2].AsIntSlice()
	if err != nil || len(clock) != 2 {
		return Claim{}, translate(err)
	}
	found, err := parseClaim(text)
	if found.State == hold.Held && clock[0]*1000+clock[1]/1000 >= found.Till {
		found.State = hold.Expired
	}
	return found, err
}

// Version returns the version of a show's memory; every change of a seat makes another. ErrUnloaded: there is none.
func (s *Store) Version(ctx context.Context, show string) (string, error) {
	client, err := s.link.Client()
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, s.limits.Wait)
	defer cancel()
	replies := client.DoMulti(ctx,
		client.B().Get().Key(boot(show)).Build(),
		client.B().Xrevrange().Key(changes(show)).End("+").Start("-").Count(1).Build(),
	)
	epoch, err := replies[0].ToString()
	if valkey.IsValkeyNil(err) {
		return "", ErrUnloaded
	}
	if err != nil {
		return "", translate(err)
	}
	entries, err := replies[1].AsXRange()
	if err != nil {
		return "", translate(err)
	}
	if len(entries) == 0 {
		return "", ErrUnloaded // loading leaves an entry, so a memory without one was wiped between the two
	}
	return epoch + "." + entries[0].ID, nil
}

// States returns the state of each of these seats, each state as it was at some instant after the call. One that is
// being pinned counts as held. ErrUnloaded: the memory was not there all the while, and what is missing says nothing.
func (s *Store) States(ctx context.Context, show string, seats []string) ([]hold.State, error) {
	client, err := s.link.Client()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, s.limits.Wait)
	defer cancel()
	commands := make(valkey.Commands, 0, len(seats)/mapAtOnce+3)
	commands = append(commands, client.B().Get().Key(boot(show)).Build())
	for from := 0; from < len(seats); from += mapAtOnce {
		part := seats[from:min(from+mapAtOnce, len(seats))]
		keys := make([]string, len(part))
		for place, seat := range part {
			keys[place] = prefix(show) + seat
		}
		commands = append(commands, client.B().Mget().Key(keys...).Build())
	}
	replies := client.DoMulti(ctx, append(commands, client.B().Get().Key(boot(show)).Build())...)
	last := len(replies) - 1
	if err := sameMemory(replies[0], replies[last]); err != nil {
		return nil, err
	}
	states := make([]hold.State, 0, len(seats))
	for _, each := range replies[1:last] {
		values, err := each.ToArray()
		if err != nil {
			return nil, translate(err)
		}
		for _, value := range values {
			text, err := value.ToString()
			if err != nil && !valkey.IsValkeyNil(err) {
				return nil, translate(err)
			}
			states = append(states, stateOf(text))
		}
	}
	return states, nil
}

// sameMemory tells whether what was read between two looks for the boot key was of one memory: a wipe takes it away, and
// whoever reads the books into an empty memory counts another epoch.
func sameMemory(before, after valkey.ValkeyResult) error {
	first, err := before.ToString()
	if err == nil {
		var second string
		if second, err = after.ToString(); err == nil && first != second {
			return ErrUnloaded
		}
	}
	if valkey.IsValkeyNil(err) {
		return ErrUnloaded
	}
	if err != nil {
		return translate(err)
	}
	return nil
}

// Free is a seat that nobody has.
const Free hold.State = "free"

func stateOf(value string) hold.State {
	switch word, _, _ := strings.Cut(value, " "); word {
	case "":
		return Free
	case "pinned":
		return hold.Pinned
	case "sold":
		return hold.Sold
	default:
		return hold.Held
	}
}
