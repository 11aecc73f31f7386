package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"log"
	"strconv"
	"strings"
	"time"

	"github.com/bsm/redislock"
	"github.com/go-redsync/redsync/v4"
	"github.com/go-redsync/redsync/v4/redis/goredis/v9"
	"github.com/redis/go-redis/v9"
	"github.com/valkey-io/valkey-go"

	"trivet/reservation/internal/hold"
	"trivet/reservation/internal/seats"
)

// What the service has by default: how long a hold lives, an extended one at most, and its record.
const (
	ttl      = 2 * time.Minute
	lifetime = 30 * time.Minute
	memory   = 2 * lifetime
	refusal  = time.Minute
	show     = "bench"
)

// side holds a seat and gives it back.
type side interface {
	// cycle says whether it got the seat; if it did, it has given it back.
	cycle(ctx context.Context, id, seat string) (bool, error)
}

func sideOf(name, url string, callers int) side {
	switch name {
	case "raw":
		return newRaw(url)
	case "redislock":
		return byRedislock{redislock.New(goRedis(url, callers))}
	case "redsync":
		return byRedsync{redsync.New(goredis.NewPool(goRedis(url, callers)))}
	}
	log.Fatalf("there is no side %q", name)
	return nil
}

// ours is the store that the service has, over the link that it has.
type ours struct{ store *seats.Store }

func newOurs(url string) ours {
	link, err := seats.NewLink(url, time.Second)
	must(err)
	return ours{seats.New(link, seats.Limits{Wait: time.Second, Lifetime: lifetime.Milliseconds(), Memory: memory.Milliseconds(), Refusal: refusal.Milliseconds()})}
}

func (o ours) cycle(ctx context.Context, id, seat string) (bool, error) {
	name := hold.Name{ShowID: show, Subject: "bench", ID: id}
	held, err := o.store.Hold(ctx, seats.Asked{
		Name: name, Seats: []string{seat}, Token: token(), TTL: ttl.Milliseconds(), Payload: payload,
	})
	if err != nil || held.Claim.State == hold.Refused {
		return false, err
	}
	state, err := o.store.Release(ctx, name, false)
	if err == nil && state != hold.Released {
		err = errors.New("the seat was not given back: " + string(state))
	}
	return true, err
}

// raw is what a seat's hold costs at least: the same client, one command to take it and one script to give it back.
type raw struct{ client valkey.Client }

var compareAndDelete = valkey.NewLuaScript(
	"if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0")

func newRaw(url string) raw {
	option, err := valkey.ParseURL(url)
	must(err)
	option.DisableCache, option.DisableRetry = true, true
	option.ForceSingleClient = true
	option.ConnWriteTimeout = time.Second
	client, err := valkey.NewClient(option)
	must(err)
	return raw{client}
}

func (r raw) cycle(ctx context.Context, _, seat string) (bool, error) {
	key, own := "hold:{"+show+"}:"+seat, token()
	err := r.client.Do(ctx, r.client.B().Set().Key(key).Value(own).Nx().PxMilliseconds(ttl.Milliseconds()).Build()).Error()
	if valkey.IsValkeyNil(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	gone, err := compareAndDelete.Exec(ctx, r.client, []string{key}, []string{own}).AsInt64()
	if err == nil && gone != 1 {
		err = errors.New("the seat was not given back")
	}
	return true, err
}

type byRedislock struct{ client *redislock.Client }

func (b byRedislock) cycle(ctx context.Context, _, seat string) (bool, error) {
	lock, err := b.client.Obtain(ctx, "hold:{"+show+"}:"+seat, ttl, nil)
	if errors.Is(err, redislock.ErrNotObtained) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, lock.Release(ctx)
}

type byRedsync struct{ sync *redsync.Redsync }

func (b byRedsync) cycle(ctx context.Context, _, seat string) (bool, error) {
	mutex := b.sync.NewMutex("hold:{"+show+"}:"+seat, redsync.WithExpiry(ttl), redsync.WithTries(1))
	err := mutex.LockContext(ctx)
	var taken *redsync.ErrTaken
	if errors.As(err, &taken) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	_, err = mutex.UnlockContext(ctx)
	return true, err
}

func goRedis(url string, callers int) *redis.Client {
	options, err := redis.ParseURL(url)
	must(err)
	options.PoolSize = callers
	return redis.NewClient(options)
}

// payload stands for the hash of what was asked for, which the service makes of a request and not of a seat.
const payload = "0123456789abcdef0123456789abcdef"

func token() string {
	var bits [16]byte
	_, _ = rand.Read(bits[:]) // never fails: it ends the process instead
	return hex.EncodeToString(bits[:])
}

// meter empties the server before a turn and reads what it says of itself.
type meter struct{ client *redis.Client }

// clear leaves nothing of any earlier turn, and a show that is loaded.
func (m meter) clear(ctx context.Context, store *seats.Store) {
	must(m.client.FlushAll(ctx).Err())
	loaded, err := store.Load(ctx, show, 1, nil)
	must(err)
	if !loaded {
		log.Fatal("the show was not loaded")
	}
}

// served returns how many microseconds of processor time the server's main thread has taken since it started.
func (m meter) served(ctx context.Context) float64 {
	told, err := m.client.Info(ctx, "cpu").Result()
	must(err)
	var sum float64
	for line := range strings.Lines(told) {
		name, word, _ := strings.Cut(strings.TrimSpace(line), ":")
		if name == "used_cpu_sys_main_thread" || name == "used_cpu_user_main_thread" {
			seconds, err := strconv.ParseFloat(word, 64)
			must(err)
			sum += seconds * 1e6
		}
	}
	return sum
}
