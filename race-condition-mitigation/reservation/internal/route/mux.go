package route

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"

	"trivet/reservation/internal/problem"
	"trivet/reservation/internal/token"
)

// Plain is what is served beside the table, to GET and HEAD, and is not in the document: health and metrics.
type Plain struct {
	Path    string
	Handler http.Handler
}

// Mux serves the routes of a table.
//
// It is not net/http's: that one redirects a path of another spelling, where a POST loses its body in some clients and an
// edge that routes by prefix is no longer asked; and of a path that exists under other methods it names those in plain
// text. Here a path has one spelling, decoded, and every refusal is a problem.
type Mux struct {
	templates []template
	matched   func(context.Context, string)
}

// template is a path with what is served there, by method.
type template struct {
	pattern  string
	segments []string
	holes    int
	handlers map[string]http.Handler
}

// New returns what serves a table, and panics over a table that contradicts itself. matched is told the pattern of the
// route that serves a request, before it is served; it may be nil.
func New(routes []Route, plain []Plain, matched func(context.Context, string)) *Mux {
	m := &Mux{matched: matched}
	ensureSound(routes)
	for _, one := range routes {
		m.add(one.Pattern, one.Method, newOperation(one))
	}
	for _, one := range plain {
		m.add(one.Path, http.MethodGet, one.Handler)
		m.add(one.Path, http.MethodHead, one.Handler)
	}
	slices.SortStableFunc(m.templates, func(a, b template) int { return cmp.Compare(a.holes, b.holes) })
	return m
}

func (m *Mux) add(pattern, method string, handler http.Handler) {
	at := slices.IndexFunc(m.templates, func(one template) bool { return one.pattern == pattern })
	if at < 0 {
		at = len(m.templates)
		m.templates = append(m.templates, template{
			pattern:  pattern,
			segments: strings.Split(pattern, "/"),
			holes:    strings.Count(pattern, "{"),
			handlers: map[string]http.Handler{},
		})
	}
	m.templates[at].handlers[method] = handler
}

// ServeHTTP serves a request by the route of its method whose pattern has the fewest holes.
func (m *Mux) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	found, allowed := m.find(r)
	switch {
	case found != nil:
		if m.matched != nil {
			m.matched(r.Context(), found.pattern)
		}
		r.Pattern = found.pattern
		found.setValues(r)
		found.handlers[r.Method].ServeHTTP(w, r)
	case allowed != nil:
		problem.Write(w, r, problem.Newf(problem.MethodNotAllowed, "%s is not served at %s", r.Method, r.URL.Path).
			WithHeader("allow", strings.Join(slices.Sorted(maps.Keys(allowed)), ", ")))
	default:
		problem.Write(w, r, problem.Newf(problem.NotFound, "nothing is served at %s", r.URL.Path))
	}
}

// Template returns the pattern of the route that serves a request, "" if none does.
func (m *Mux) Template(r *http.Request) string {
	if found, _ := m.find(r); found != nil {
		return found.pattern
	}
	return ""
}

// find returns the template that serves a request; where none does, the methods of all that match its path.
func (m *Mux) find(r *http.Request) (*template, map[string]bool) {
	var allowed map[string]bool
	for i := range m.templates {
		one := &m.templates[i]
		if !one.matches(r.URL.Path) {
			continue
		}
		if one.handlers[r.Method] != nil {
			return one, nil
		}
		if allowed == nil {
			allowed = map[string]bool{}
		}
		for method := range one.handlers {
			allowed[method] = true
		}
	}
	return nil, allowed
}

// matches tells whether a path has this form: a hole takes one segment that is not empty.
func (t *template) matches(path string) bool {
	for i, segment := range t.segments {
		given, rest, more := strings.Cut(path, "/")
		if more == (i == len(t.segments)-1) {
			return false
		}
		if isHole(segment) {
			if given == "" {
				return false
			}
		} else if given != segment {
			return false
		}
		path = rest
	}
	return true
}

func (t *template) setValues(r *http.Request) {
	path := r.URL.Path
	for _, segment := range t.segments {
		given, rest, _ := strings.Cut(path, "/")
		if isHole(segment) {
			r.SetPathValue(segment[1:len(segment)-1], given)
		}
		path = rest
	}
}

func isHole(segment string) bool { return strings.HasPrefix(segment, "{") }

// operation serves one route.
type operation struct {
	route      Route
	parameters *parameters
	newBody    func() any
}

// ServeHTTP serves a request of somebody who was granted the route's scope: they are refused before anything of what
// they sent is looked at.
func (o *operation) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	request, err := o.read(r)
	switch {
	case err != nil:
	case o.route.Stream != nil:
		told := &begun{ResponseWriter: w}
		if err = o.route.Stream(told, request); told.isBegun {
			return // whoever reads it sees that it ended, and asks again from where it was
		}
	default:
		var answer Answer
		if answer, err = o.route.Handle(r.Context(), request); err == nil {
			answer.write(w)
		}
	}
	if err != nil {
		problem.Write(w, r, err)
	}
}

func (o *operation) read(r *http.Request) (*Request, error) {
	who := token.From(r.Context())
	if err := who.EnsureGranted(o.route.Scope); err != nil {
		return nil, err
	}
	request := &Request{HTTP: r, Who: who, Operation: o.route.Operation}
	var err error
	if request.Key, err = readKey(r.Header.Values(KeyHeader), o.route.Key); err != nil {
		return nil, err
	}
	var faults []problem.Fault
	if o.parameters != nil {
		request.Parameters, faults = o.parameters.read(r)
	}
	if o.newBody != nil {
		request.Body = o.newBody()
		more, err := readBody(r, request.Body)
		if err != nil {
			return nil, err
		}
		faults = append(faults, more...)
	}
	if faults != nil {
		return nil, problem.OfFaults(faults...)
	}
	return request, nil
}

// begun is a ResponseWriter that knows whether an answer has begun.
type begun struct {
	http.ResponseWriter
	isBegun bool
}

// WriteHeader begins an answer.
func (b *begun) WriteHeader(status int) {
	b.isBegun = true
	b.ResponseWriter.WriteHeader(status)
}

func (b *begun) Write(text []byte) (int, error) {
	b.isBegun = true
	return b.ResponseWriter.Write(text)
}

// Unwrap lets http.ResponseController find what it controls.
func (b *begun) Unwrap() http.ResponseWriter { return b.ResponseWriter }
