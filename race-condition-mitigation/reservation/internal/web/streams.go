package web

import (
	"context"

	"trivet/reservation/internal/problem"
)

// Streams are answers that have no end of their own, of which so many may go on at once.
//
// Which attack: a stream costs its client nothing and holds a place among the requests that are served at once for as
// long as it likes; as many streams as places, and nobody is served. Why this guard: a stream gives its place back and
// takes one of its own kind, of which there are fewer than connections. If it is lost, some hundred spectators shut a
// replica.
type Streams struct{ places places }

// NewStreams returns places for so many streams.
func NewStreams(most int) *Streams { return &Streams{places{most: int64(most)}} }

// Enter makes a request a stream. Its context has no deadline, and ends when whoever asked is gone or the server
// drains; leave must be called. The error is a refusal, and then nothing has changed.
func (s *Streams) Enter(ctx context.Context) (stream context.Context, leave func(), err error) {
	leaveStreams, entered := s.places.enter()
	if !entered {
		return nil, nil, problem.Newf(problem.QueueFull, "%d streams go on already", s.places.most)
	}
	if known, found := ctx.Value(askedKey{}).(*asked); found && known.leave != nil {
		known.leave()
	}
	stream, cancel := whileListening(ctx)
	return stream, func() { cancel(); leaveStreams() }, nil
}
