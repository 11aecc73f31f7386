// Package seats keeps who holds which seat in Valkey: `SET hold:{show}:seat token NX PX ttl`, and around it what makes
// that safe to build on. Each verb is one Lua script, so that nothing comes between its look and its step.
//
// Which race: two people who both saw a seat free; one who lost a seat to time and another who took it; a person who
// extends, releases or pins what is not theirs any more. Why this guard: a server runs one script at a time, SET NX finds
// the seat taken, and every later step compares the token that only the holder was told. What happens if it is lost:
// Valkey's memory may be wiped at any time, and then nobody holds anything that PostgreSQL does not know of. The boot key
// goes with it, every script says so, and what is pinned and sold is loaded before the first hold. PostgreSQL decides who
// gets a seat for good (package ledger).
//
// Source: Valkey documentation, "SET" (its pattern for locks), "Scripting with Lua", "Cluster specification" (hash tags).
package seats

import (
	"context"
	_ "embed"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/valkey-io/valkey-go"

	"trivet/reservation/internal/hold"
)

var (
	//go:embed lua/hold.lua
	holdLua string
	//go:embed lua/extend.lua
	extendLua string
	//go:embed lua/release.lua
	releaseLua string
	//go:embed lua/pin.lua
	pinLua string
	//go:embed lua/settle.lua
	settleLua string
	//go:embed lua/free.lua
	freeLua string
	//go:embed lua/revert.lua
	revertLua string
	//go:embed lua/reap.lua
	reapLua string
)

var (
	holdScript    = valkey.NewLuaScript(holdLua)
	extendScript  = valkey.NewLuaScript(extendLua)
	releaseScript = valkey.NewLuaScript(releaseLua)
	pinScript     = valkey.NewLuaScript(pinLua)
	settleScript  = valkey.NewLuaScript(settleLua)
	freeScript    = valkey.NewLuaScript(freeLua)
	revertScript  = valkey.NewLuaScript(revertLua)
	reapScript    = valkey.NewLuaScript(reapLua)
)

// Limits are how long things are remembered, in milliseconds, and how long an answer is waited for.
type Limits struct {
	Wait time.Duration

	Lifetime int64 // the longest that a hold lives, extensions included
	Memory   int64 // how long a hold's record is kept once it cannot change by itself; longer than Lifetime
	Refusal  int64 // how long a refusal is repeated
}

// Store is one Valkey.
type Store struct {
	link   *Link
	limits Limits
}

// New returns a store over a link, which stays the caller's to close.
func New(link *Link, limits Limits) *Store { return &Store{link, limits} }

// Asked is what somebody wants to hold.
type Asked struct {
	Name    hold.Name
	Seats   []string
	Token   string // 128 random bits that only the holder is told
	TTL     int64  // milliseconds
	Payload string // what was asked for, as a hash; the same id with another is not the same request
}

// Held is how asking ended.
type Held struct {
	Claim Claim
	Again bool // the id was known; Claim is what is remembered of it
}

// Hold holds all of these seats or none.
//
// A claim whose state is refused names the places of what was taken. Errors: ErrUnloaded; an *AwayError after which the
// seats may be held, and the same call says whether they are.
func (s *Store) Hold(ctx context.Context, asked Asked) (Held, error) {
	show := asked.Name.ShowID
	keys := make([]string, 4, 4+len(asked.Seats))
	keys[0], keys[1], keys[2], keys[3] = boot(show), claim(asked.Name), expiries(show), changes(show)
	for _, seat := range asked.Seats {
		keys = append(keys, prefix(show)+seat)
	}
	said, err := s.ask(ctx, holdScript, keys, []string{
		asked.Token, number(asked.TTL), asked.Payload, number(s.limits.Memory), number(s.limits.Refusal),
		join(asked.Seats),
	})
	if err != nil {
		return Held{}, err
	}
	if said.IsInt64() {
		granted, err := said.AsInt64()
		return Held{Claim{
			State: hold.Held, Payload: asked.Payload, Token: asked.Token, Granted: granted, Till: granted + asked.TTL,
			Seats: asked.Seats,
		}, false}, err
	}
	text, err := said.ToString()
	if err != nil {
		return Held{}, &ReplyError{Reply: said.String()}
	}
	if places, taken := strings.CutPrefix(text, "taken|"); taken {
		found := Claim{State: hold.Refused, Payload: asked.Payload, Seats: asked.Seats}
		err := parsePlaces(places, &found)
		return Held{found, false}, err
	}
	found, err := parseClaim(text)
	return Held{found, true}, err
}

// Extend moves a hold's end to ttl milliseconds from now, within its lifetime. It returns the hold as it then is and how
// long it still has; if its claim's state is not held, nothing was moved and that is why. ErrForbidden: another token.
func (s *Store) Extend(ctx context.Context, name hold.Name, token string, ttl int64) (Claim, int64, error) {
	show := name.ShowID
	reply, err := s.run(ctx, extendScript, []string{boot(show), claim(name), expiries(show)}, []string{
		token, number(ttl), number(s.limits.Lifetime), number(s.limits.Memory), prefix(show),
	})
	if err != nil {
		return Claim{}, 0, err
	}
	if reply.word != "held" {
		return reply.state()
	}
	found, err := parseClaim(reply.at(0))
	if err != nil {
		return Claim{}, 0, err
	}
	left, err := strconv.ParseInt(reply.at(1), 10, 64)
	return found, left, err
}

// Release gives a person's hold back and returns the state in which that leaves it: released, or what an order made of
// it. Of a hold that is unknown it leaves a tombstone if it may, which is once PostgreSQL was asked for it.
func (s *Store) Release(ctx context.Context, name hold.Name, tombstone bool) (hold.State, error) {
	show, leave := name.ShowID, "0"
	if tombstone {
		leave = "1"
	}
	said, err := s.ask(ctx, releaseScript, []string{boot(show), claim(name), expiries(show), changes(show)},
		[]string{number(s.limits.Memory), prefix(show), leave})
	if err != nil {
		return "", err
	}
	word, err := said.ToString()
	if err != nil {
		return "", &ReplyError{Reply: said.String()}
	}
	return hold.State(word), nil
}

// Begun is a hold that time no longer ends, and the epoch of the memory that says so.
type Begun struct {
	Claim Claim
	Epoch int64
}

// BeginPin takes a hold out of time for an order. If the claim's state is not pinning, that is why it was not.
// ErrForbidden: another token. ErrOtherOrder: another order has it.
func (s *Store) BeginPin(ctx context.Context, name hold.Name, token, order string) (Begun, error) {
	return s.beginPin(ctx, pinScript, name, token, order)
}

func (s *Store) beginPin(ctx context.Context, script *valkey.Lua, name hold.Name, token, order string) (Begun, error) {
	show := name.ShowID
	reply, err := s.run(ctx, script, []string{boot(show), claim(name), expiries(show), pinning(show)},
		[]string{token, order, prefix(show)})
	if err != nil {
		return Begun{}, err
	}
	if reply.word != "pinning" {
		found, _, err := reply.state()
		return Begun{Claim: found}, err
	}
	found, err := parseClaim(reply.at(0))
	if err != nil {
		return Begun{}, err
	}
	epoch, err := strconv.ParseInt(reply.at(1), 10, 64)
	return Begun{found, epoch}, err
}

// Settled is what PostgreSQL committed, and under which epoch.
type Settled struct {
	Name    hold.Name
	OrderID string
	State   hold.State // pinned, sold, or released by its order
	Fence   int64
	Seats   []string
	Epoch   int64
}

// ErrStale says that the memory is not the one under which something was committed: it is older, and about to be loaded,
// or newer, and has it.
var ErrStale = errors.New("the show's memory is of another epoch")

// Mark writes down what PostgreSQL committed. ErrStale: nothing was written.
func (s *Store) Mark(ctx context.Context, settled Settled) error {
	show := settled.Name.ShowID
	keys := []string{boot(show), claim(settled.Name), pinning(show), changes(show)}
	script, words := settleScript, []string{number(settled.Epoch), string(settled.State), number(settled.Fence)}
	if settled.State == hold.Released {
		script, words = freeScript, []string{number(settled.Epoch), number(settled.Fence)}
	}
	words = append(words, settled.OrderID, join(settled.Seats), prefix(show), number(s.limits.Memory))
	reply, err := s.run(ctx, script, keys, words)
	switch {
	case err != nil:
		return err
	case reply.word == "stale":
		return ErrStale
	case reply.word != "done":
		return reply.unexpected()
	}
	return nil
}

// Revert lets time run on for a hold whose pin was refused for good.
func (s *Store) Revert(ctx context.Context, name hold.Name, order string) error {
	show := name.ShowID
	_, err := s.run(ctx, revertScript,
		[]string{boot(show), claim(name), expiries(show), pinning(show), changes(show)},
		[]string{order, prefix(show), number(s.limits.Memory)})
	return err
}

// Reap ends up to most holds whose time is over and returns how many there were.
func (s *Store) Reap(ctx context.Context, show string, most int) (int, error) {
	reply, err := s.run(ctx, reapScript, []string{boot(show), expiries(show), changes(show)},
		[]string{prefix(show), strconv.Itoa(most)})
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(reply.at(0))
}

func number(value int64) string { return strconv.FormatInt(value, 10) }

func join(seats []string) string { return strings.Join(seats, ",") }
