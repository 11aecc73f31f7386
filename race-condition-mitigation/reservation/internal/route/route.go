// Package route serves a table of routes: what a service offers, as data.
//
// From the one table come the matching of paths and methods, the scope that a caller must have, the reading of keys,
// parameters and bodies, and the OpenAPI document: none of them can say something else than the others.
package route

import (
	"context"
	"net/http"

	"trivet/reservation/internal/problem"
	"trivet/reservation/internal/strictjson"
	"trivet/reservation/internal/token"
	"trivet/reservation/internal/trace"
)

// JSON is the media type of every success that is no stream.
const JSON = "application/json"

// KeyRule says what becomes of an Idempotency-Key.
type KeyRule int

// A route ignores a key, takes one, or demands one.
const (
	KeyNone KeyRule = iota
	KeyOptional
	KeyRequired
)

// Route is one operation.
//
// Parameters, Body and Answer are zero values of structs. The fields of Parameters are tagged path, query or header with
// their name; one that is a pointer, or has a default, may be left out. Body and Answer are as package strictjson reads
// and describes them; without a Body what is sent is not read.
//
// Refusals are the codes beyond those that every such route may answer with. Replays says that an answer may be the
// repetition of an earlier one although the route takes no key, because the body or the path names what is done once.
//
// Exactly one of Handle and Stream serves it; what Stream answers with is of MediaType, and an error that it returns
// before it has written anything is told as a problem.
type Route struct {
	Method      string
	Pattern     string
	Operation   string
	Summary     string
	Description string
	Scope       string
	Key         KeyRule
	Parameters  any
	Body        any
	Answer      any
	Status      int
	Done        string
	Headers     map[string]string
	Replays     bool
	Refusals    []string
	MediaType   string
	Handle      func(context.Context, *Request) (Answer, error)
	Stream      func(http.ResponseWriter, *Request) error
}

// Request is what a handler is told: who asks for what under which key. Parameters and Body point to structs of the
// route's types, and are nil where it has none; Key is empty without one.
type Request struct {
	HTTP       *http.Request
	Who        token.Principal
	Operation  string
	Key        string
	Parameters any
	Body       any
}

// Subject is whose keys and holds the request is about.
func (r *Request) Subject() string { return r.Who.Subject }

// Digest tells one payload under a key or an id from another, by what its parameters and its body say.
func (r *Request) Digest() []byte { return strictjson.Digest(r.Parameters, r.Body) }

// BodyOf returns the body of a request whose route has a body of that type.
func BodyOf[T any](r *Request) *T { return r.Body.(*T) }

// ParametersOf returns the parameters of a request whose route has parameters of that type.
func ParametersOf[T any](r *Request) *T { return r.Parameters.(*T) }

// Answer is a decided answer, as it goes out and as it is stored: status and bytes, so that a replay is identical to the
// last byte. Replayed says that an earlier request was told the same.
type Answer struct {
	Status   int
	Body     []byte
	Replayed bool
	Header   http.Header
}

// Success returns an answer with a struct as its body.
func Success(status int, body any) Answer { return Answer{Status: status, Body: encoded(body)} }

// Refusal returns a refusal that the effect decided, to be stored like a success.
func Refusal(ctx context.Context, e *problem.Error) Answer {
	return Answer{Status: e.Kind().Status, Body: problem.Body(e, trace.ID(ctx))}
}

// Repeated returns a stored answer as the repetition of itself.
func (a Answer) Repeated() Answer {
	a.Replayed = true
	return a
}

// With returns the answer with a header more.
func (a Answer) With(name, value string) Answer {
	header := a.Header.Clone()
	if header == nil {
		header = http.Header{}
	}
	header.Set(name, value)
	a.Header = header
	return a
}
