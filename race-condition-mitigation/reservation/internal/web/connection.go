package web

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync/atomic"
	"time"

	"trivet/reservation/internal/problem"
	"trivet/reservation/internal/trace"
)

// Where a connection's client stands: before the first request or before a later one, of which nothing has come; within
// a head; being served; or told that what it sent cannot be read.
const (
	fresh int32 = iota
	resting
	within
	serving
	over
)

// piece is how much of an answer goes out at once: each has the client's whole time to make room.
const piece = 64 * 1024

// connection is one below net/http, with a bound on what a client may make it hold; its refusals are problems.
//
// net/http answers what is no HTTP in plain text, and a head that does not come not at all. It reads one request after
// the other and owes nothing when it reads a head, so whatever it writes while no request is being served is such a
// refusal, and stands where the answer to the unreadable request belongs; a problem takes its place. A client that
// pipelines is never told of a later request where an earlier one's answer belongs (RFC 9112 section 9.3.2).
//
// A client that does not read its answer holds it, and a place: each piece of it must be taken within a deadline.
type connection struct {
	net.Conn
	limits *Limits
	node   string
	table  *table
	stage  atomic.Int32
	ahead  atomic.Bool // the first byte of the next head came while a request was being served
}

// Read reads for net/http, notes where a head begins, and refuses one that does not end in time.
func (c *connection) Read(into []byte) (int, error) {
	n, err := c.Conn.Read(into)
	if n > 0 {
		c.beginHead()
	}
	if n == 1 && len(into) == 1 && c.stage.Load() == serving { // so net/http watches whether the client is there still
		c.ahead.Store(true)
	}
	if errors.Is(err, os.ErrDeadlineExceeded) && c.stage.Load() == within {
		c.refuse(fmt.Sprintf("the request's head did not arrive within %g s", c.limits.HeadDeadline.Seconds()))
	}
	return n, err
}

// beginHead notes that something of a request has come. The first of a connection has its deadline already.
func (c *connection) beginHead() {
	switch {
	case c.stage.CompareAndSwap(fresh, within):
		c.table.wake(c)
	case c.stage.CompareAndSwap(resting, within):
		c.table.wake(c)
		_ = c.Conn.SetReadDeadline(time.Now().Add(c.limits.HeadDeadline))
	}
}

// SetReadDeadline is how net/http bounds a client. It gives a head's deadline once it has the beginning of one in its
// hands, which may have come together with the request before; of a first byte it thinks as of none.
func (c *connection) SetReadDeadline(at time.Time) error {
	if at.IsZero() {
		return c.Conn.SetReadDeadline(at)
	}
	latest := time.Now().Add(c.limits.HeadDeadline)
	if !at.After(latest) && c.stage.CompareAndSwap(resting, within) {
		c.table.wake(c)
	}
	if at.After(latest) && c.stage.Load() == within {
		at = latest
	}
	return c.Conn.SetReadDeadline(at)
}

// begin notes that a request is being served from now on.
func (c *connection) begin() { c.stage.Store(serving) }

// rest notes that everything that was owed has been answered.
func (c *connection) rest() {
	if c.ahead.Swap(false) {
		c.stage.Store(within)
		return
	}
	c.stage.Store(resting)
	c.table.rest(c)
}

// Write writes an answer, piece by piece; net/http's own refusal it replaces.
func (c *connection) Write(text []byte) (int, error) {
	switch c.stage.Load() {
	case serving:
		return c.writePieces(text)
	case over: // told already
	default:
		c.refuse(c.faultOf(text))
	}
	return len(text), nil
}

func (c *connection) writePieces(text []byte) (written int, err error) {
	for written < len(text) && err == nil {
		_ = c.Conn.SetWriteDeadline(time.Now().Add(c.limits.UnreadDeadline))
		var n int
		n, err = c.Conn.Write(text[written:min(len(text), written+piece)])
		written += n
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		c.abort() // a close by itself would leave the rest with the system, for as long as the client likes
	}
	return written, err
}

// refuse answers a request that no handler is asked about, so that its trace begins here, and reads nothing more.
func (c *connection) refuse(detail string) {
	c.stage.Store(over)
	position := trace.New()
	body := problem.Body(problem.New(problem.InvalidRequest, detail), position.TraceID)
	head := "HTTP/1.1 400 Bad Request\r\n" +
		"content-type: " + problem.MediaType + "\r\n" +
		fmt.Sprintf("content-length: %d\r\n", len(body)) +
		"traceparent: " + position.Traceparent() + "\r\n" +
		"x-trivet-node: " + c.node + "\r\n" +
		"connection: close\r\n\r\n"
	_, _ = c.writePieces(append([]byte(head), body...))
	_ = c.CloseWrite()
	_ = c.Conn.SetReadDeadline(time.Now().Add(lingering))
	_, _ = io.Copy(io.Discard, c.Conn)
}

// CloseWrite ends what is sent, so that the client knows that it has read all.
func (c *connection) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// Close ends the connection.
func (c *connection) Close() error {
	c.table.leave(c)
	return c.Conn.Close()
}

// abort ends it at once: what the client has not read by now holds it too.
func (c *connection) abort() {
	if tcp, ok := c.Conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.Close()
}

// listener lets so many connections in as there are places.
type listener struct {
	net.Listener
	limits *Limits
	node   string
	table  *table
}

// Accept returns the next connection that has a place; one that has none is ended.
func (l *listener) Accept() (net.Conn, error) {
	for {
		accepted, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		c := &connection{Conn: accepted, limits: l.limits, node: l.node, table: l.table}
		if l.table.enter(c) {
			return c, nil
		}
		c.abort()
	}
}
