// Package trace names the request that is being served in every log line and problem: one trace id from the edge on.
//
// Parsing is strict, because a malformed traceparent that is passed on would break the next service's trace too:
// anything that the recommendation forbids starts a new trace (W3C Trace Context, level 1).
package trace

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"strings"
)

// Header carries a position from one service to the next.
const Header = "traceparent"

const (
	noTrace = "00000000000000000000000000000000"
	noSpan  = "0000000000000000"
)

// None is the position outside of every request.
var None = Position{TraceID: noTrace, SpanID: noSpan}

// Position is a position in a trace: 32 and 16 hexadecimal digits, and whether the caller records it.
type Position struct {
	TraceID string
	SpanID  string
	Sampled bool
}

// New returns the root of a new trace.
func New() Position { return Position{TraceID: random(16), SpanID: random(8)} }

// Child returns a new span of the same trace.
func (p Position) Child() Position { return Position{p.TraceID, random(8), p.Sampled} }

// Traceparent is the header that passes the position on.
func (p Position) Traceparent() string {
	flags := "00"
	if p.Sampled {
		flags = "01"
	}
	return "00-" + p.TraceID + "-" + p.SpanID + "-" + flags
}

// Parse returns the position that a traceparent header names, and whether the header is valid.
func Parse(value string) (Position, bool) {
	const size = len("00-") + 32 + len("-") + 16 + len("-00")
	if len(value) < size || value[2] != '-' || value[35] != '-' || value[52] != '-' {
		return None, false
	}
	version, traceID, spanID, flags := value[:2], value[3:35], value[36:52], value[53:55]
	for _, digits := range []string{version, traceID, spanID, flags} {
		if strings.Trim(digits, "0123456789abcdef") != "" {
			return None, false
		}
	}
	rest := value[size:]
	known := version == "00" && rest == ""
	later := version != "00" && version != "ff" && (rest == "" || rest[0] == '-')
	if !known && !later || traceID == noTrace || spanID == noSpan {
		return None, false
	}
	lowest := flags[1]
	return Position{traceID, spanID, strings.IndexByte("13579bdf", lowest) >= 0}, true
}

type key struct{}

// With returns a context of a request at this position.
func With(ctx context.Context, p Position) context.Context { return context.WithValue(ctx, key{}, &p) }

// From returns the position of the request that is being served, None outside of one.
func From(ctx context.Context) Position {
	if p, found := ctx.Value(key{}).(*Position); found {
		return *p
	}
	return None
}

// ID returns the trace id of the request that is being served, all zeros outside of one.
func ID(ctx context.Context) string { return From(ctx).TraceID }

func random(size int) string {
	raw := make([]byte, size)
	_, _ = rand.Read(raw) // it never fails: a system without randomness ends the process
	return hex.EncodeToString(raw)
}
