package token

import "time"

const (
	// window is how long a key that was taken back may still be taken while the issuer answers.
	window = 300 * time.Second
	// every is how long after an answer the keys are asked for again at the latest: that answer may be as old as its
	// question, and the next one takes as long.
	every = window - 2*fetchDeadline
	// apart is how far apart two questions are at least: tokens that name keys at random are no way to flood an issuer.
	apart = 10 * time.Second
	// kept is how long keys stay known whose issuer does not answer.
	kept = 24 * time.Hour

	backOffLeast = time.Second
	backOffMost  = time.Minute
)

// freshness is how old the keys are, and how often in a row the issuer did not answer since. All times are of one
// monotonic clock.
type freshness struct {
	fetched, asked       time.Duration
	wasFetched, wasAsked bool
	failures             int
}

func (f freshness) succeeded(now time.Duration) freshness {
	return freshness{fetched: now, asked: now, wasFetched: true, wasAsked: true}
}

func (f freshness) failed(now time.Duration) freshness {
	f.asked, f.wasAsked = now, true
	f.failures++
	return f
}

// isOut tells whether the last question was not answered, or none was asked yet.
func (f freshness) isOut() bool { return !f.wasFetched || f.failures > 0 }

// due returns when the issuer is to be asked again if nobody needs a key before.
func (f freshness) due() time.Duration {
	if !f.wasAsked {
		return 0
	}
	return f.asked + f.pause(every)
}

// mayAsk tells whether somebody who needs a key that is not known may ask now.
func (f freshness) mayAsk(now time.Duration) bool {
	return !f.wasAsked || now >= f.asked+f.pause(apart)
}

// isTooOld tells whether the keys may be believed no longer.
func (f freshness) isTooOld(now time.Duration) bool { return !f.wasFetched || now >= f.fetched+kept }

// pause returns how long to rest after the last question: after failures ever longer.
func (f freshness) pause(afterAnswer time.Duration) time.Duration {
	if f.failures == 0 {
		return afterAnswer
	}
	return min(backOffMost, backOffLeast<<min(f.failures-1, 16))
}
