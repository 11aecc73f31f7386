package seats

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/valkey-io/valkey-go"

	"trivet/reservation/internal/hold"
)

// ErrForbidden says that the token is not the hold's.
var ErrForbidden = errors.New("the token is not the hold's")

// ErrOtherOrder says that another order has pinned the hold, or is about to.
var ErrOtherOrder = errors.New("another order has the hold")

// reply is what a script said: a word, and what belongs to it.
type reply struct {
	word string
	rest []string
}

func (r reply) at(place int) string {
	if place < len(r.rest) {
		return r.rest[place]
	}
	return ""
}

func (r reply) unexpected() error { return &ReplyError{Reply: r.word} }

// state reads a reply that tells in which state a hold is instead of what was done to it.
func (r reply) state() (Claim, int64, error) {
	switch r.word {
	case "forbidden":
		return Claim{}, 0, ErrForbidden
	case "other":
		return Claim{}, 0, ErrOtherOrder
	}
	switch state := hold.State(r.word); state {
	case hold.Unknown, hold.Held, hold.Expired, hold.Released, hold.Pinning, hold.Pinned, hold.Sold:
		return Claim{State: state}, 0, nil
	}
	return Claim{}, 0, r.unexpected()
}

// run runs a script by its hash, or whole where the server does not know it yet.
func (s *Store) run(ctx context.Context, script *valkey.Lua, keys, args []string) (reply, error) {
	client, err := s.link.Client()
	if err != nil {
		return reply{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, s.limits.Wait)
	defer cancel()
	words, err := script.Exec(ctx, client, keys, args).AsStrSlice()
	if err != nil {
		return reply{}, translate(err)
	}
	if len(words) == 0 {
		return reply{}, &ReplyError{}
	}
	if words[0] == "unloaded" {
		return reply{}, ErrUnloaded
	}
	return reply{words[0], words[1:]}, nil
}

// ask runs a script that says one thing: a number or a word. Its callers are those that everybody waits for, and an array
// costs the server a microsecond and a half.
func (s *Store) ask(ctx context.Context, script *valkey.Lua, keys, args []string) (valkey.ValkeyMessage, error) {
	client, err := s.link.Client()
	if err != nil {
		return valkey.ValkeyMessage{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, s.limits.Wait)
	defer cancel()
	said, err := script.Exec(ctx, client, keys, args).ToMessage()
	if err != nil {
		return valkey.ValkeyMessage{}, translate(err)
	}
	if !said.IsString() {
		return said, nil
	}
	if word, err := said.ToString(); err == nil && word == "unloaded" {
		return valkey.ValkeyMessage{}, ErrUnloaded
	}
	return said, nil
}

// unready is what a server says that did nothing: it starts, has no memory or no master, or runs a script that does not end.
var unready = []string{"LOADING", "OOM", "READONLY", "MISCONF", "BUSY", "MASTERDOWN", "NOREPLICAS", "TRYAGAIN", "CLUSTERDOWN"}

// translate tells a server that is away, or not ready to serve, from one that was asked something wrong.
func translate(err error) error {
	if said, ok := valkey.IsValkeyErr(err); ok {
		word, _, _ := strings.Cut(said.Error(), " ")
		if slices.Contains(unready, word) {
			return &AwayError{Sent: false, Err: err}
		}
		return err
	}
	return away(err)
}
