package seats

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valkey-io/valkey-go"
)

// knockEvery is how often a server that was never reached is knocked at.
const knockEvery = 250 * time.Millisecond

// Link is the way to one server, or to a cluster. A server that is away is no error at first: every request says so, and
// serves again when it is back.
type Link struct {
	option  valkey.ClientOption
	client  atomic.Pointer[valkey.Client]
	mutex   sync.Mutex
	knocked time.Time
	failed  error
}

// NewLink returns a link that nothing has gone over yet.
//
// A server that stands still, or is behind a network that swallows everything, costs a request timeout and no more: so
// long is waited for a connection, for an answer and for the ping that finds a dead connection.
func NewLink(url string, timeout time.Duration) (*Link, error) {
	option, err := valkey.ParseURL(url)
	if err != nil {
		return nil, err
	}
	option.DisableCache = true
	option.DisableRetry = true // whether to ask again is for who asked: he alone knows his time
	option.ConnWriteTimeout = timeout
	option.Dialer.Timeout = timeout
	option.Dialer.KeepAlive = time.Second
	option.ForceSingleClient = !strings.Contains(url, "?cluster")
	return &Link{option: option}, nil
}

// Client returns a client once the server was reached; an *AwayError, of what was not sent, until then.
func (l *Link) Client() (valkey.Client, error) {
	if found := l.client.Load(); found != nil {
		return *found, nil
	}
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if found := l.client.Load(); found != nil {
		return *found, nil
	}
	if l.failed != nil && time.Since(l.knocked) < knockEvery {
		return nil, l.failed
	}
	made, err := valkey.NewClient(l.option)
	if err != nil {
		l.failed, l.knocked = &AwayError{Sent: false, Err: err}, time.Now()
		return nil, l.failed
	}
	l.client.Store(&made)
	return made, nil
}

// Ping says what keeps the server from serving, nil if nothing.
func (l *Link) Ping(ctx context.Context) error {
	client, err := l.Client()
	if err != nil {
		return err
	}
	if err := client.Do(ctx, client.B().Ping().Build()).Error(); err != nil {
		return translate(err)
	}
	return nil
}

// Close ends every connection.
func (l *Link) Close() {
	if found := l.client.Load(); found != nil {
		(*found).Close()
	}
}
