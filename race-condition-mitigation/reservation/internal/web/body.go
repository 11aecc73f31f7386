package web

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"trivet/reservation/internal/problem"
)

// Bodies refuses a body over bytesMax with 413 (by its Content-Length, or while it streams), and one that does not
// arrive within the deadline with 400. Either refusal closes the connection, because what follows on it is the rest of
// that body.
//
// The body is collected before the handler runs. It is small by the limit, so this costs nothing, and the refusals that
// concern reading are then decided in one place.
func Bodies(bytesMax int64, deadline time.Duration) Middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Body == nil || r.Body == http.NoBody {
				next.ServeHTTP(w, r)
				return
			}
			known, r := askedOf(r)
			body, err := collected(w, r, bytesMax, deadline)
			if err != nil {
				w.Header().Set("Connection", "close")
				problem.Write(w, r, err)
				return
			}
			known.bodyRead = true
			r.Body = io.NopCloser(bytes.NewReader(body))
			next.ServeHTTP(w, r)
		})
	}
}

// collected returns a request's whole body. It panics with http.ErrAbortHandler if the client left before it was whole.
func collected(w http.ResponseWriter, r *http.Request, bytesMax int64, deadline time.Duration) ([]byte, error) {
	tooLarge := problem.Newf(problem.PayloadTooLarge, "a body may have %d bytes", bytesMax).With("bytes_max", bytesMax)
	if r.ContentLength > bytesMax {
		return nil, tooLarge
	}
	control := http.NewResponseController(w)
	if err := control.SetReadDeadline(time.Now().Add(deadline)); err != nil {
		return nil, fmt.Errorf("a body has no deadline: %w", err)
	}
	var into bytes.Buffer
	into.Grow(int(max(r.ContentLength, 0)) + bytes.MinRead)
	_, err := into.ReadFrom(io.LimitReader(r.Body, bytesMax+1))
	switch {
	case err == nil && int64(into.Len()) > bytesMax:
		return nil, tooLarge
	case err == nil: // and net/http has taken the deadline back
		return into.Bytes(), nil
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, problem.Newf(problem.InvalidRequest, "the body did not arrive within %g s", deadline.Seconds())
	case hasLeft(err):
		panic(http.ErrAbortHandler)
	}
	return nil, problem.New(problem.InvalidRequest, "the body cannot be read: "+err.Error())
}

func hasLeft(err error) bool {
	var broken *net.OpError
	return errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) || errors.As(err, &broken)
}
