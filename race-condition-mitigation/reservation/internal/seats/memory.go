package seats

import (
	"context"
	_ "embed"
	"strconv"

	"github.com/valkey-io/valkey-go"

	"trivet/reservation/internal/hold"
)

var (
	//go:embed lua/load_begin.lua
	loadBeginLua string
	//go:embed lua/load.lua
	loadLua string
	//go:embed lua/load_end.lua
	loadEndLua string
)

var (
	loadBeginScript = valkey.NewLuaScript(loadBeginLua)
	loadScript      = valkey.NewLuaScript(loadLua)
	loadEndScript   = valkey.NewLuaScript(loadEndLua)
)

const (
	loadPatienceMS = 3_000 // so long a loading that nobody goes on with keeps others waiting
	loadAtOnce     = 500   // seats marked by one script: half a millisecond of the server's time
)

// Mark is what PostgreSQL says of one seat.
type Mark struct {
	Seat  string
	State hold.State // pinned or sold
	Fence int64

	Subject, HoldID, OrderID string // whose it is
}

// Epoch returns the epoch of a show's memory. ErrUnloaded: there is none.
func (s *Store) Epoch(ctx context.Context, show string) (int64, error) {
	client, err := s.link.Client()
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, s.limits.Wait)
	defer cancel()
	text, err := client.Do(ctx, client.B().Get().Key(boot(show)).Build()).ToString()
	if valkey.IsValkeyNil(err) {
		return 0, ErrUnloaded
	}
	if err != nil {
		return 0, translate(err)
	}
	return strconv.ParseInt(text, 10, 64)
}

// Loading tells whether somebody reads a show's memory in.
func (s *Store) Loading(ctx context.Context, show string) (bool, error) {
	client, err := s.link.Client()
	if err != nil {
		return false, err
	}
	ctx, cancel := context.WithTimeout(ctx, s.limits.Wait)
	defer cancel()
	count, err := client.Do(ctx, client.B().Exists().Key(loading(show)).Build()).AsInt64()
	if err != nil {
		return false, translate(err)
	}
	return count > 0, nil
}

// Pinning returns how many holds of a show have been on their way into PostgreSQL for longer than a grace, or since an
// instant that is as far ahead: of a clock that was set back, which nobody has to wait for.
func (s *Store) Pinning(ctx context.Context, show string, graceMS int64) (int64, error) {
	client, err := s.link.Client()
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, s.limits.Wait)
	defer cancel()
	now, err := s.now(ctx)
	if err != nil {
		return 0, err
	}
	var sum int64
	for _, each := range client.DoMulti(ctx,
		client.B().Zcount().Key(pinning(show)).Min("-inf").Max(number(now-graceMS)).Build(),
		client.B().Zcount().Key(pinning(show)).Min("("+number(now+graceMS)).Max("+inf").Build(),
	) {
		count, err := each.AsInt64()
		if err != nil {
			return 0, translate(err)
		}
		sum += count
	}
	return sum, nil
}

func (s *Store) now(ctx context.Context) (int64, error) {
	client, err := s.link.Client()
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, s.limits.Wait)
	defer cancel()
	parts, err := client.Do(ctx, client.B().Time().Build()).AsIntSlice()
	if err != nil || len(parts) != 2 {
		return 0, translate(err)
	}
	return parts[0]*1000 + parts[1]/1000, nil
}

// Load makes a show's memory equal to what PostgreSQL said under a new epoch. Holds that are in the memory and that
// PostgreSQL does not contradict stay; what was on its way there is settled. False: a newer memory is there or under way,
// or this one was wiped while it was loaded.
func (s *Store) Load(ctx context.Context, show string, epoch int64, marks []Mark) (bool, error) {
	stamp := number(epoch)
	reply, err := s.run(ctx, loadBeginScript, []string{boot(show), loading(show)}, []string{stamp, strconv.Itoa(loadPatienceMS)})
	if err != nil || reply.word == "newer" {
		return false, err
	}
	for from := 0; from < len(marks); from += loadAtOnce {
		words := []string{stamp, strconv.Itoa(loadPatienceMS), prefix(show)}
		for _, mark := range marks[from:min(from+loadAtOnce, len(marks))] {
			words = append(words, mark.Seat, string(mark.State)+" "+number(mark.Fence))
		}
		reply, err = s.run(ctx, loadScript, []string{loading(show)}, words)
		if err != nil || reply.word == "lost" {
			return false, err
		}
	}
	owned, err := s.owned(ctx, show, marks)
	if err != nil {
		return false, err
	}
	reply, err = s.run(ctx, loadEndScript,
		[]string{boot(show), loading(show), expiries(show), pinning(show), changes(show)},
		append([]string{stamp, prefix(show), number(s.limits.Memory)}, owned...))
	if err != nil || reply.word == "lost" {
		return false, err
	}
	return true, nil
}

// owned returns which holds of those that are under way PostgreSQL has, each with its order. One that begins after this
// look is of an epoch that is over, and never committed.
func (s *Store) owned(ctx context.Context, show string, marks []Mark) ([]string, error) {
	client, err := s.link.Client()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, s.limits.Wait)
	defer cancel()
	keys, err := client.Do(ctx, client.B().Zrange().Key(pinning(show)).Min("0").Max("-1").Build()).AsStrSlice()
	if err != nil {
		return nil, translate(err)
	}
	if len(keys) == 0 {
		return nil, nil
	}
	orders := make(map[string]string, len(marks))
	for _, mark := range marks {
		orders[claim(hold.Name{ShowID: show, Subject: mark.Subject, ID: mark.HoldID})] = mark.OrderID
	}
	var found []string
	for _, key := range keys {
		if order, committed := orders[key]; committed {
			found = append(found, key, order)
		}
	}
	return found, nil
}
