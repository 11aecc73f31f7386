package token

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"trivet/reservation/internal/problem"
)

// publisher is an issuer's key set: asked for at the start, every few minutes, and when a token names a key that is not
// known.
//
// Which race: a hundred requests find at once that a key is not known, or the issuer is slow. Why this guard: they wait
// for one question together, and the next is asked only a while after it. If it is lost, tokens that name keys at random
// flood the issuer. If the issuer does not answer, the keys that are known stay, for a day: an outage of the issuer is
// not one of every service. blocker and concern say so at /readyz.
type publisher struct {
	fetch  func(context.Context) ([]byte, error)
	now    func() time.Duration
	wait   func(context.Context, time.Duration) error
	jitter func() float64

	guard    sync.Mutex
	keys     *keySet
	fresh    freshness
	asking   chan struct{}
	sentence string
}

var noKeys = &keySet{map[string]key{}}

func newPublisher(fetch func(context.Context) ([]byte, error)) *publisher {
	started := time.Now()
	return &publisher{
		fetch:    fetch,
		now:      func() time.Duration { return time.Since(started) },
		wait:     waitFor,
		jitter:   rand.Float64,
		keys:     noKeys,
		sentence: "was not asked for its keys yet",
	}
}

// known returns the keys that are known now.
func (p *publisher) known() *keySet {
	p.guard.Lock()
	defer p.guard.Unlock()
	return p.believed()
}

// believed returns the keys while they may be believed; the guard is held.
func (p *publisher) believed() *keySet {
	if p.keys != noKeys && p.fresh.isTooOld(p.now()) {
		p.keys = noKeys
	}
	return p.keys
}

// find returns a key and the set that it is of, asking once more if it is not known.
//
// It returns problem unavailable, definite, if the issuer does not answer: then nobody can say whether there is such a
// key.
func (p *publisher) find(ctx context.Context, kid string) (key, *keySet, bool, error) {
	set := p.known()
	if found, ok := set.keys[kid]; ok {
		return found, set, true, nil
	}
	if done := p.ask(func(now time.Duration) bool { return p.fresh.mayAsk(now) }); done != nil {
		select {
		case <-done:
		case <-ctx.Done():
		}
	}
	p.guard.Lock()
	defer p.guard.Unlock()
	set = p.believed()
	found, ok := set.keys[kid]
	if !ok && p.fresh.isOut() {
		return key{}, set, false, problem.Newf(
			problem.Unavailable, "the issuer of access tokens %s", p.sentence).Definitely()
	}
	return found, set, ok, nil
}

// keepFresh asks for the keys whenever that is due, until the context ends.
func (p *publisher) keepFresh(ctx context.Context) {
	for ctx.Err() == nil {
		before := p.freshness()
		if rest := before.due() - p.now(); rest > 0 {
			// Replicas that started together are not to ask together for ever, and none too late.
			if p.wait(ctx, time.Duration(float64(rest)*(1-p.jitter()/10))) != nil {
				return
			}
		}
		// Nobody who needed a key has asked meanwhile.
		if done := p.ask(func(time.Duration) bool { return p.fresh == before }); done != nil {
			select {
			case <-done:
			case <-ctx.Done():
			}
		}
	}
}

// blocker says why no token can be verified, nil if one can.
func (p *publisher) blocker(context.Context) error {
	p.guard.Lock()
	defer p.guard.Unlock()
	if p.fresh.isTooOld(p.now()) {
		return errors.New(p.sentence)
	}
	return nil
}

// concern says what is wrong and keeps nobody from being served yet, nil if nothing is.
func (p *publisher) concern(context.Context) error {
	p.guard.Lock()
	defer p.guard.Unlock()
	if !p.fresh.isOut() || p.fresh.isTooOld(p.now()) {
		return nil
	}
	return errors.New(p.sentence + "; the keys that are known stay in use")
}

func (p *publisher) freshness() freshness {
	p.guard.Lock()
	defer p.guard.Unlock()
	return p.fresh
}

// ask joins the question that is being asked, or begins one if it may; it returns what is closed at its end, nil if
// there is none. The question outlives whoever asked it: others wait for it too.
func (p *publisher) ask(may func(now time.Duration) bool) <-chan struct{} {
	p.guard.Lock()
	defer p.guard.Unlock()
	if p.asking == nil && may(p.now()) {
		done := make(chan struct{})
		p.asking = done
		go p.askOnce(done)
	}
	return p.asking
}

func (p *publisher) askOnce(done chan struct{}) {
	var keys *keySet
	document, err := p.fetch(context.Background())
	if err == nil {
		keys, err = readKeySet(document)
	}
	p.guard.Lock()
	defer p.guard.Unlock()
	defer close(done)
	p.asking = nil
	if err != nil {
		p.fresh = p.fresh.failed(p.now())
		p.sentence = "does not publish its keys: " + err.Error()
		slog.Warn("keys not renewed", "error", err.Error(), "failures", p.fresh.failures)
		return
	}
	p.fresh = p.fresh.succeeded(p.now())
	if p.keys == noKeys || !keys.equal(p.keys) {
		slog.Info("keys renewed", "kids", keys.kids())
		p.keys = keys
	}
}

func waitFor(ctx context.Context, rest time.Duration) error {
	timer := time.NewTimer(rest)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
