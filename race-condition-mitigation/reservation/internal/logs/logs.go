package logs

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"trivet/reservation/internal/trace"
)

const stampLayout = "2006-01-02T15:04:05.000000Z"

var levels = map[string]slog.Level{
	"debug":    slog.LevelDebug,
	"info":     slog.LevelInfo,
	"warning":  slog.LevelWarn,
	"error":    slog.LevelError,
	"critical": slog.LevelError + 4,
}

// LevelOf returns a level by its name, in the words of the Python services.
func LevelOf(name string) (slog.Level, error) {
	level, found := levels[strings.ToLower(name)]
	if !found {
		return 0, fmt.Errorf("must be debug, info, warning, error or critical, not %q", name)
	}
	return level, nil
}

// Configure sends every log line of the process to stdout as JSON: at, level, event, member, node, trace_id and the
// rest. What logs through slog or the standard library's log comes out in the same format.
//
// A line is written a moment after it was told, and a process that is killed before loses it. What an audit log must
// tell whatever the level is goes past it to slog.Default().Handler().
//
// A request leaves no line by itself: the histogram counts, and a line a request would cost more than the request.
func Configure(member, node string, level slog.Level) {
	slog.SetDefault(slog.New(newHandler(stdoutWriter{}, level, member, node)))
}

// handler adds to each line whose request it is about.
type handler struct{ slog.Handler }

func newHandler(out io.Writer, level slog.Level, member, node string) slog.Handler {
	inner := slog.NewJSONHandler(out, &slog.HandlerOptions{Level: level, ReplaceAttr: spelt})
	return handler{inner.WithAttrs([]slog.Attr{slog.String("member", member), slog.String("node", node)})}
}

// Handle tells a line.
func (h handler) Handle(ctx context.Context, record slog.Record) error {
	if position := trace.From(ctx); position != trace.None {
		record.AddAttrs(slog.String("trace_id", position.TraceID), slog.String("span_id", position.SpanID))
	}
	return h.Handler.Handle(ctx, record)
}

func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return handler{h.Handler.WithAttrs(attrs)}
}

func (h handler) WithGroup(name string) slog.Handler { return handler{h.Handler.WithGroup(name)} }

// spelt gives slog's own fields the names and words that the Python services have.
func spelt(groups []string, attr slog.Attr) slog.Attr {
	if len(groups) > 0 {
		return attr
	}
	switch attr.Key {
	case slog.TimeKey:
		if attr.Value.Kind() == slog.KindTime {
			return slog.String("at", stamp(attr.Value.Time()))
		}
	case slog.LevelKey:
		if level, ok := attr.Value.Any().(slog.Level); ok {
			return slog.String("level", word(level))
		}
	case slog.MessageKey:
		return slog.Attr{Key: "event", Value: attr.Value}
	}
	return attr
}

func word(level slog.Level) string {
	switch {
	case level < slog.LevelInfo:
		return "debug"
	case level < slog.LevelWarn:
		return "info"
	case level < slog.LevelError:
		return "warning"
	case level == slog.LevelError:
		return "error"
	}
	return "critical"
}

func stamp(at time.Time) string { return at.UTC().Format(stampLayout) }

// stdoutWriter takes what slog writes, one whole line a call.
type stdoutWriter struct{}

func (stdoutWriter) Write(line []byte) (int, error) {
	stdout.Put(append([]byte(nil), line...)) // slog writes its next line into the same bytes
	return len(line), nil
}
