package web

import "net/http"

// Middleware serves something around, before or instead of what it is given.
type Middleware = func(http.Handler) http.Handler

// Chain puts middlewares around a handler, the first of them outermost.
func Chain(handler http.Handler, middlewares ...Middleware) http.Handler {
	for i := len(middlewares) - 1; i >= 0; i-- {
		handler = middlewares[i](handler)
	}
	return handler
}

// answer is a ResponseWriter that knows which status went out, 0 if none did yet.
type answer struct {
	http.ResponseWriter
	status int
}

func answerOf(w http.ResponseWriter) *answer {
	if known, ok := w.(*answer); ok {
		return known
	}
	return &answer{ResponseWriter: w}
}

// WriteHeader notes the status; those before the last one (100 to 199) are none.
func (a *answer) WriteHeader(status int) {
	if a.status == 0 && status >= http.StatusOK {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(text []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	return a.ResponseWriter.Write(text)
}

// Unwrap lets http.ResponseController find what it controls.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }
