package trace

import "net/http"

// NodeHeader names the replica that answered.
const NodeHeader = "X-Trivet-Node"

// Middleware reads traceparent, opens a span, and answers with traceparent and x-trivet-node.
//
// It belongs outermost, so that every answer, a defect's included, names its trace and the replica.
func Middleware(node string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			position := of(r).Child()
			w.Header().Set(Header, position.Traceparent())
			w.Header().Set(NodeHeader, node)
			next.ServeHTTP(w, r.WithContext(With(r.Context(), position)))
		})
	}
}

// of returns the caller's position; two headers name none, for nobody knows which of them is meant.
func of(r *http.Request) Position {
	if given := r.Header.Values(Header); len(given) == 1 {
		if position, valid := Parse(given[0]); valid {
			return position
		}
	}
	return New()
}
