package web

import (
	"context"
	"net/http"
)

// asked is what the middlewares know of one request together.
type asked struct {
	client   context.Context // ends when whoever asked is gone
	ending   context.Context // ends when the server stops to listen
	route    string
	bodyRead bool
	leave    func() // gives back the place among the requests that are served at once
}

type askedKey struct{}

// askedOf returns what is known of a request, and the request with it in its context.
func askedOf(r *http.Request) (*asked, *http.Request) {
	if known, found := r.Context().Value(askedKey{}).(*asked); found {
		return known, r
	}
	known := &asked{client: r.Context(), ending: context.Background()}
	return known, r.WithContext(context.WithValue(r.Context(), askedKey{}, known))
}

// Matched tells which route serves a request, as metrics label it: the template ("/seat-holds/{id}"), never the path,
// for a label whose values the caller chooses would grow without bound.
func Matched(ctx context.Context, template string) {
	if known, found := ctx.Value(askedKey{}).(*asked); found {
		known.route = template
	}
}

// whileListening returns the request's context without its deadline, which ends when whoever asked is gone or the
// server drains; for answers that have no end of their own.
func whileListening(ctx context.Context) (context.Context, context.CancelFunc) {
	known, found := ctx.Value(askedKey{}).(*asked)
	if !found {
		return context.WithCancel(ctx)
	}
	stream, cancel := context.WithCancel(context.WithoutCancel(ctx))
	forget := []func() bool{context.AfterFunc(known.client, cancel), context.AfterFunc(known.ending, cancel)}
	return stream, func() {
		cancel()
		for _, each := range forget {
			each()
		}
	}
}
