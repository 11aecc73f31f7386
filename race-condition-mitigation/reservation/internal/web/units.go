package web

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// Units are requests whose work is in flight, each of which ends as it would have ended whoever listens.
//
// Which race: a client goes away, or a shutdown runs out of patience, between COMMIT and the answer or in the middle of
// a transaction. net/http cancels the request's context then, and the work would be cut where nobody can tell what it
// did. Why this guard: the work has a context that only its own deadline ends, and Settle waits for all of it before
// the connections to the databases are closed. If it is lost, a client that is still there is told nothing of an effect
// that lasts, and must ask again with its id.
type Units struct {
	mutex   sync.Mutex
	running int
	settled chan struct{} // closed when nothing runs; nil unless somebody waits
}

// Deadline serves every request as a unit of so long at most.
func (u *Units) Deadline(timeout time.Duration) Middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), timeout)
			defer cancel()
			defer u.Begin()()
			next.ServeHTTP(w, r.WithContext(ctx))
		})
	}
}

// Begin counts a unit of work; what it returns ends it.
func (u *Units) Begin() (end func()) {
	u.mutex.Lock()
	defer u.mutex.Unlock()
	u.running++
	return sync.OnceFunc(u.end)
}

func (u *Units) end() {
	u.mutex.Lock()
	defer u.mutex.Unlock()
	u.running--
	if u.running == 0 && u.settled != nil {
		close(u.settled)
		u.settled = nil
	}
}

// Settle waits until nothing is in flight, at most so long, and tells whether that is so.
func (u *Units) Settle(timeout time.Duration) bool {
	settled := u.whenSettled()
	if settled == nil {
		return true
	}
	late := time.NewTimer(timeout)
	defer late.Stop()
	select {
	case <-settled:
		return true
	case <-late.C:
		return false
	}
}

func (u *Units) whenSettled() <-chan struct{} {
	u.mutex.Lock()
	defer u.mutex.Unlock()
	if u.running == 0 {
		return nil
	}
	if u.settled == nil {
		u.settled = make(chan struct{})
	}
	return u.settled
}
