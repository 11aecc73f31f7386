package web

import (
	"context"
	"io"
	"net/http"
	"strings"
	"time"

	"trivet/reservation/internal/problem"
)

type connectionKey struct{}

// guard stands before everything else: it tells the connection that a request is being served, and bounds what is left
// of a body that nobody read.
func guard(next http.Handler, ending context.Context) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, found := r.Context().Value(connectionKey{}).(*connection); found {
			c.begin()
		}
		known, r := askedOf(r)
		known.ending = ending
		if r.Body == http.NoBody {
			next.ServeHTTP(w, r)
			return
		}
		rest := &unread{ResponseWriter: w, request: r, known: known}
		defer rest.linger()
		next.ServeHTTP(rest, r)
		rest.readPast()
	})
}

// unread is what is left of a body when its answer begins.
//
// net/http reads it past before it answers, for as long as it comes. Here the answer does not wait for it: what is
// there is read past, and if that is not all, the answer ends the connection. Then the rest is read past only so that
// the answer arrives. (Full duplex would answer first as well, but what it reads past after that breaks the next
// request.)
type unread struct {
	http.ResponseWriter
	request *http.Request
	known   *asked
	begun   bool
}

// WriteHeader begins the answer.
func (u *unread) WriteHeader(status int) {
	if status >= http.StatusOK {
		u.readPast()
	}
	u.ResponseWriter.WriteHeader(status)
}

func (u *unread) Write(text []byte) (int, error) {
	u.readPast()
	return u.ResponseWriter.Write(text)
}

// FlushError begins the answer, if nothing has.
func (u *unread) FlushError() error {
	u.readPast()
	return http.NewResponseController(u.ResponseWriter).Flush()
}

// Unwrap lets http.ResponseController find what else it controls.
func (u *unread) Unwrap() http.ResponseWriter { return u.ResponseWriter }

func (u *unread) readPast() {
	if u.begun {
		return
	}
	u.begun = true
	if u.known.bodyRead || u.Header().Get("Connection") == "close" {
		return
	}
	if u.request.Header.Get("Expect") == "" { // who waits to be asked for a body sends none unasked
		u.setDeadline(time.Now().Add(glance))
		if _, err := io.CopyN(io.Discard, u.request.Body, BodyBytesMax+1); err == io.EOF {
			u.known.bodyRead = true // and net/http has taken the deadline back
			return
		}
	}
	u.Header().Set("Connection", "close") // or net/http looks once more
}

// linger bounds how long net/http reads past after the answer.
func (u *unread) linger() {
	if !u.known.bodyRead {
		u.setDeadline(time.Now().Add(lingering))
	}
}

func (u *unread) setDeadline(at time.Time) {
	_ = http.NewResponseController(u.ResponseWriter).SetReadDeadline(at)
}

// heads refuses a head that is too large, and a protocol that is none of ours.
func heads(next http.Handler, limits *Limits) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fault := ""
		if r.ProtoMajor != 1 {
			fault = "HTTP/1.1 is spoken here"
		} else if fields, bytes := measured(r); fields > limits.HeadFieldsMax {
			fault = limits.tooMany()
		} else if bytes > limits.HeadBytesMax {
			fault = limits.tooLarge()
		}
		if fault == "" {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Connection", "close")
		problem.Write(w, r, problem.New(problem.InvalidRequest, fault))
	})
}

// measured returns a head's fields and its bytes as it is written with one space after each colon. net/http has taken
// the host and the transfer codings out of it.
func measured(r *http.Request) (fields, bytes int) {
	add := func(name, value string) {
		fields++
		bytes += len(name) + len(": \r\n") + len(value)
	}
	for name, values := range r.Header {
		for _, value := range values {
			add(name, value)
		}
	}
	if r.Host != "" {
		add("host", r.Host)
	}
	if len(r.TransferEncoding) > 0 {
		add("transfer-encoding", strings.Join(r.TransferEncoding, ", "))
	}
	return fields, bytes + len(r.Method) + len(r.RequestURI) + len("  HTTP/1.1\r\n") + len("\r\n")
}
