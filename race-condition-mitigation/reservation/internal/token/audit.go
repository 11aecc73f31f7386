package token

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// TellMovement tells the audit log that a movement of seats was decided; facts say what of whose. A line names its
// trace, and never a token.
//
// An empty key is none. Without a status, 0, nobody knows whether it was decided: the same id tells, once it is shown
// again.
func TellMovement(ctx context.Context, subject, operation, key string, status int, facts ...slog.Attr) {
	told := []slog.Attr{
		slog.String("subject", subject), slog.String("operation", operation), slog.Any("key", nil),
		slog.Any("status", nil),
	}
	if key != "" {
		told[2] = slog.String("key", key)
	}
	if status != 0 {
		told[3] = slog.Int("status", status)
	}
	tell(ctx, slog.LevelInfo, "moved", append(told, facts...))
}

// tellRefusal tells the audit log that somebody was not let in, or may not do what they asked for; place is the route's
// template, or the path where there is none.
func tellRefusal(r *http.Request, subject *string, place string, status int, code string) {
	client, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		client = r.RemoteAddr
	}
	told := []slog.Attr{
		slog.Any("subject", nil), slog.String("method", r.Method), slog.String("path", cut(place)),
		slog.Int("status", status), slog.String("code", code), slog.String("client", client),
	}
	if subject != nil {
		told[0] = slog.String("subject", *subject)
	}
	tell(r.Context(), slog.LevelWarn, "refused", told)
}

// cut returns the beginning of a path, which is as long as its sender likes.
func cut(path string) string {
	const most = 200
	if runes := []rune(path); len(runes) > most {
		return string(runes[:most])
	}
	return path
}

// tell tells one line whatever the level is: nobody turns an audit log down. What cannot be told of a movement does not
// undo it.
func tell(ctx context.Context, level slog.Level, event string, facts []slog.Attr) {
	record := slog.NewRecord(time.Now(), level, event, 0)
	record.AddAttrs(facts...)
	_ = slog.Default().Handler().Handle(ctx, record)
}
