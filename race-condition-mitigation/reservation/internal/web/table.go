package web

import (
	"container/list"
	"sync"
)

// table holds the connections of a process, and which of them are idle: nothing of a request has come, and nothing is
// owed.
//
// Which attack: somebody opens connections and leaves them open until the process has no descriptors left; nobody else
// is let in then, health checks and new connections to the database included. Why this guard: there are at most "most",
// and when they are all there, a new one has the place of the one that was idle for longest; if nobody is idle, the new
// one goes. So who asks something is served before who only holds a place. If it is lost, some hundred connections shut
// a replica for as long as they are kept.
//
// A proxy's connection that gives way may meet a request that is just being sent on it, which is then cut. It is the
// last to go of those that are idle, for a proxy keeps the ones that it uses.
type table struct {
	most int

	mutex sync.Mutex
	shut  bool
	open  map[*connection]*list.Element // nil for one that is not idle
	idle  *list.List                    // the one that is idle for longest first
}

func newTable(most int) *table {
	return &table{most: most, open: map[*connection]*list.Element{}, idle: list.New()}
}

// enter gives a new connection a place, as one that is idle; it tells whether there was one.
func (t *table) enter(c *connection) bool {
	oldest, entered := t.placed(c)
	if oldest != nil {
		oldest.abort()
	}
	return entered
}

func (t *table) placed(c *connection) (oldest *connection, entered bool) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if t.shut {
		return nil, false
	}
	if len(t.open) >= t.most {
		first := t.idle.Front()
		if first == nil {
			return nil, false
		}
		oldest = t.idle.Remove(first).(*connection)
		delete(t.open, oldest)
	}
	t.open[c] = t.idle.PushBack(c)
	return oldest, true
}

// rest counts a connection among the idle, as the one that was so for the shortest time.
func (t *table) rest(c *connection) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if place, known := t.open[c]; known && place == nil {
		t.open[c] = t.idle.PushBack(c)
	}
}

// wake counts it among them no longer.
func (t *table) wake(c *connection) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if place := t.open[c]; place != nil {
		t.idle.Remove(place)
		t.open[c] = nil
	}
}

// leave forgets a connection that ended.
func (t *table) leave(c *connection) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if place := t.open[c]; place != nil {
		t.idle.Remove(place)
	}
	delete(t.open, c)
}

// shutDown lets nobody in any more, and ends every connection on which no request is being served.
func (t *table) shutDown() {
	t.mutex.Lock()
	t.shut = true
	var unserved []*connection
	for c := range t.open {
		if c.stage.Load() != serving {
			unserved = append(unserved, c)
		}
	}
	t.mutex.Unlock()
	for _, c := range unserved {
		_ = c.Close()
	}
}
