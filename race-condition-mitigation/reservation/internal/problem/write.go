package problem

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strconv"

	"trivet/reservation/internal/trace"
)

// defect is what a caller is told of an error that nobody expected.
const defect = "the service failed in a way that it does not know"

// Of returns an error as the refusal that it is or wraps; any other is a defect of the service, whose outcome nobody
// knows.
func Of(err error) *Error {
	var found *Error
	if errors.As(err, &found) {
		return found
	}
	return New(Internal, defect).Because(err)
}

// Body returns the problem's JSON; equal errors under one trace id are equal bytes.
func Body(e *Error, traceID string) []byte {
	kind := e.Kind()
	var out bytes.Buffer
	first := true
	member := func(name string, value any) {
		out.WriteByte(map[bool]byte{true: '{', false: ','}[first])
		first = false
		out.Write(encoded(name))
		out.WriteByte(':')
		out.Write(encoded(value))
	}
	own := []struct {
		name  string
		value any
	}{
		{"type", kind.Type()},
		{"title", kind.Title},
		{"status", kind.Status},
		{"detail", e.Detail},
		{"code", kind.Code},
		{"definite", e.IsDefinite()},
		{"retryable", kind.Retryable},
		{"trace_id", traceID},
	}
	taken := map[string]bool{}
	for _, one := range own {
		member(one.name, one.value)
		taken[one.name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(e.Members)) {
		if !taken[name] {
			member(name, e.Members[name])
		}
	}
	out.WriteByte('}')
	return out.Bytes()
}

// Write answers with an error: a refusal as the problem that it is, any other as a defect. What is the service's own
// fault is logged, a defect with its cause, and both under the request's trace.
func Write(w http.ResponseWriter, r *http.Request, err error) {
	e := Of(err)
	kind := e.Kind()
	ctx := r.Context()
	switch {
	case kind.Code == Internal:
		slog.ErrorContext(ctx, "defect", "error", fmt.Sprint(cause(e, err)))
	case kind.Status >= http.StatusInternalServerError:
		slog.WarnContext(ctx, "refused", "code", e.Code, "detail", e.Detail, "definite", e.IsDefinite())
	}
	Render(w, r, e)
}

// Render answers with a refusal as Write does, and logs nothing: for who tells of it in another way, or is asked too
// often to.
func Render(w http.ResponseWriter, r *http.Request, e *Error) {
	SetHeaders(w.Header(), e)
	body := Body(e, trace.ID(r.Context()))
	w.Header().Set("content-length", strconv.Itoa(len(body)))
	w.WriteHeader(e.Kind().Status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // whoever asked may be gone: there is nobody left to tell
	}
}

// SetHeaders sets what an answer with this problem carries: its media type, Retry-After where the table says so, and
// the headers of its own.
func SetHeaders(header http.Header, e *Error) {
	for name, values := range e.Headers {
		header[http.CanonicalHeaderKey(name)] = slices.Clone(values)
	}
	header.Set("content-type", MediaType)
	if e.Kind().RetryAfter {
		seconds := e.RetryAfterS
		if seconds <= 0 {
			seconds = retryAfterS
		}
		header.Set("retry-after", strconv.Itoa(seconds))
	}
}

func cause(e *Error, err error) error {
	if e.Err != nil {
		return e.Err
	}
	return err
}

// encoded returns JSON that leaves <, > and & as they are: it is read by machines, never put into a page.
func encoded(value any) []byte {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(fmt.Sprintf("a member of a problem cannot be written: %v", err))
	}
	return bytes.TrimRight(out.Bytes(), "\n")
}
