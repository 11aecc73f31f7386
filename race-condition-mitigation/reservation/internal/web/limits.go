// Package web serves HTTP as the Python services do, on net/http: bounded heads, bodies, connections and requests,
// problems even for what is no HTTP, health and metrics that are never shed, and a drain at the end.
package web

import (
	"syscall"
	"time"
)

// Limits are how much and how long a connection may hold.
type Limits struct {
	// HeadDeadline is the time for a request's head, from the connection's beginning for its first and from the first
	// byte for every other.
	HeadDeadline time.Duration
	// HeadBytesMax and HeadFieldsMax are of a head.
	HeadBytesMax  int
	HeadFieldsMax int
	// UnreadDeadline is the time in which a client must make room for an answer that its connection does not take.
	UnreadDeadline time.Duration
	// KeepAlive is how long a connection may be idle. It is longer than a proxy keeps an idle connection, 3 s at our
	// edge and a minute at most of the others: if the server closed it first, a request that the proxy sends at that
	// moment would be cut, and a cut write is an unknown outcome.
	KeepAlive time.Duration
	// ConnectionsMax are those of the process, if its limit of descriptors is at least twice as many.
	ConnectionsMax int
}

// DefaultLimits are those of every service.
var DefaultLimits = Limits{
	HeadDeadline:   10 * time.Second,
	HeadBytesMax:   32 * 1024,
	HeadFieldsMax:  100,
	UnreadDeadline: 10 * time.Second,
	KeepAlive:      75 * time.Second,
	ConnectionsMax: 2000,
}

// BodyBytesMax and BodyDeadline bound a request's body.
const (
	BodyBytesMax = 64 * 1024
	BodyDeadline = 10 * time.Second
)

// glance is how long a body may still take when the answer is there already.
const glance = 20 * time.Millisecond

// lingering is how long a refused client's bytes are read past: a connection that is closed with bytes unread is reset,
// and takes along the refusal that the client has not read yet (RFC 9112 section 9.6).
const lingering = 500 * time.Millisecond

// connectionsWithin returns how many connections this process may have: half of its descriptors at most, for files and
// the databases need some too.
func (l Limits) connectionsWithin() int {
	var descriptors syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &descriptors) != nil {
		return l.ConnectionsMax
	}
	return int(max(1, min(uint64(l.ConnectionsMax), descriptors.Cur/2)))
}
