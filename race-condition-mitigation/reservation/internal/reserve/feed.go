package reserve

import (
	"context"
	"sync"
	"time"

	"trivet/reservation/internal/seats"
)

const (
	feedWait   = 5 * time.Second
	feedBehind = 64 // so many batches may wait for a listener; one that is slower is let go, and begins anew
)

// Feed reads each show's changes once, however many listen to them here.
type Feed struct {
	desk  *Desk
	mutex sync.Mutex
	shows map[string]*channel
}

type channel struct {
	listeners map[chan []seats.Change]struct{}
	begun     chan struct{} // closed once the reader knows after which version it reads, or gave up
	end       context.CancelFunc
}

// NewFeed returns a feed that reads nothing as long as nobody listens.
func NewFeed(desk *Desk) *Feed { return &Feed{desk: desk, shows: map[string]*channel{}} }

// Listen returns what changes in a show from now on, until stop is called. The channel is closed when its listener must
// begin anew with the whole map: it was too slow, or the show's memory is another, or cannot be reached.
//
// Which race: a listener reads its map, a seat changes, and only then the reader asks for the version after which it reads.
// Why this guard: Listen returns once the reader has that version, so every map that is read afterwards is at least as new.
// If it were lost, that change would be told to nobody, and the seat look free for as long as the stream goes on.
func (f *Feed) Listen(ctx context.Context, show string) (<-chan []seats.Change, func()) {
	here, listener := f.join(show)
	select {
	case <-here.begun:
	case <-ctx.Done():
	}
	return listener, func() { f.leave(show, here, listener) }
}

func (f *Feed) join(show string) (*channel, chan []seats.Change) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	here := f.shows[show]
	if here == nil {
		ctx, end := context.WithCancel(context.Background())
		here = &channel{map[chan []seats.Change]struct{}{}, make(chan struct{}), end}
		f.shows[show] = here
		go f.read(ctx, show, here)
	}
	listener := make(chan []seats.Change, feedBehind)
	here.listeners[listener] = struct{}{}
	return here, listener
}

// Listeners returns how many listen.
func (f *Feed) Listeners() int {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	count := 0
	for _, here := range f.shows {
		count += len(here.listeners)
	}
	return count
}

func (f *Feed) leave(show string, here *channel, listener chan []seats.Change) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if _, listening := here.listeners[listener]; listening {
		delete(here.listeners, listener)
		close(listener)
	}
	f.endIfAlone(show, here)
}

func (f *Feed) endIfAlone(show string, here *channel) {
	if len(here.listeners) == 0 {
		here.end()
		if f.shows[show] == here {
			delete(f.shows, show)
		}
	}
}

// read asks for what came after the last change until nobody listens, or the memory is another one.
func (f *Feed) read(ctx context.Context, show string, here *channel) {
	defer f.dismiss(show, here)
	version, err := f.desk.Version(ctx, show)
	close(here.begun)
	if err != nil {
		return
	}
	for ctx.Err() == nil {
		found, known, err := f.desk.Changes(ctx, show, version, feedWait)
		if err != nil || !known {
			return
		}
		if f.desk.reap(ctx, show) != nil { // a sweep does so for the shows that are kept in mind, of which this may be none
			return
		}
		if len(found) > 0 {
			version = found[len(found)-1].Version
			f.tell(here, found)
		}
	}
}

func (f *Feed) tell(here *channel, found []seats.Change) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	for listener := range here.listeners {
		select {
		case listener <- found:
		default:
			delete(here.listeners, listener)
			close(listener)
		}
	}
}

// dismiss lets everybody go who still listens; they begin anew.
func (f *Feed) dismiss(show string, here *channel) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	for listener := range here.listeners {
		delete(here.listeners, listener)
		close(listener)
	}
	f.endIfAlone(show, here)
}
