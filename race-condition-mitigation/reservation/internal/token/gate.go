package token

import (
	"context"
	"net/http"
	"strings"

	"trivet/reservation/internal/problem"
	"trivet/reservation/internal/settings"
)

// OpenPaths are what everybody may ask, and the edge never routes.
func OpenPaths() []string { return []string{"/livez", "/readyz", "/metrics"} }

// Check asks after one thing by its name: nil when all is well, otherwise an error that says what is missing.
type Check struct {
	Name string
	Ask  func(context.Context) error
}

// Gate stands before a service's routes: it says who is let in, and of itself at /readyz.
type Gate struct {
	verifier  *verifier
	publisher *publisher
	open      map[string]bool
}

// NewGate returns the gate that the settings ask for: one that asks for tokens, or, without an issuer's keys, one that
// lets everybody in to do everything, for a service that nobody but this machine can reach.
//
// It returns a *settings.Error if they name no issuer's keys and yet listen to other machines, or name them by half, or
// name keys that somebody on the way could change.
func NewGate(s *settings.Settings) (*Gate, error) {
	const prefix = "TRIVET_RESERVATION_"
	gate := &Gate{open: map[string]bool{}}
	for _, path := range OpenPaths() {
		gate.open[path] = true
	}
	if s.JWKSURL == "" {
		if host, _, err := settings.HostAndPort(s.Listen); err != nil || !isLoopback(host) {
			return nil, &settings.Error{Faults: []string{
				prefix + "JWKS_URL is not set: without it everybody may do everything, so only loopback is served"}}
		}
		return gate, nil
	}
	var faults []string
	if !isTrustworthy(s.JWKSURL) {
		faults = append(faults, prefix+"JWKS_URL must begin with https://, or name this machine")
	}
	if s.TokenIssuer == "" {
		faults = append(faults, prefix+"TOKEN_ISSUER is not set: it is needed with "+prefix+"JWKS_URL")
	}
	if faults != nil {
		return nil, &settings.Error{Faults: faults}
	}
	types := accessTypes
	if s.TokenType == "JWT" {
		types = []string{"jwt"}
	}
	gate.publisher = newPublisher(newFetcher(s.JWKSURL).fetch)
	gate.verifier = newVerifier(Issuer{s.TokenIssuer, s.TokenAudience}, gate.publisher, types)
	return gate, nil
}

// Checks are what the gate needs to let anybody in, for /readyz.
func (g *Gate) Checks() []Check {
	if g.publisher == nil {
		return nil
	}
	return []Check{{"tokens", g.publisher.blocker}}
}

// Concerns are what is wrong with it and keeps nobody out yet, for /readyz.
func (g *Gate) Concerns() []Check {
	if g.publisher == nil {
		return nil
	}
	return []Check{{"tokens", g.publisher.concern}}
}

// Run keeps the issuer's keys fresh until the context ends.
func (g *Gate) Run(ctx context.Context) {
	if g.publisher != nil {
		g.publisher.keepFresh(ctx)
	}
}

// Before returns a middleware that verifies the token of every request but those of the open paths, before anything of
// its body is read. template returns the route that serves a request, "" if none does, for the audit log.
//
// A route that nobody thought of is closed: what the service does not serve is refused before it is looked for, so that
// nobody without a token learns which paths there are.
func (g *Gate) Before(template func(*http.Request) string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			who := Anybody()
			if g.verifier != nil {
				if g.open[r.URL.Path] {
					next.ServeHTTP(w, r)
					return
				}
				var err error
				if who, err = g.admit(r); err != nil {
					refuse(w, r, err)
					return
				}
			}
			r = r.WithContext(With(r.Context(), who))
			next.ServeHTTP(&watched{ResponseWriter: w, forbidden: func() {
				place := template(r)
				if place == "" {
					place = r.URL.Path
				}
				tellRefusal(r, &who.Subject, place, http.StatusForbidden, problem.Forbidden)
			}}, r)
		})
	}
}

func (g *Gate) admit(r *http.Request) (Principal, error) {
	token, err := bearer(r.Header.Values("authorization"))
	if err != nil {
		return Principal{}, err
	}
	return g.verifier.verify(r.Context(), token)
}

func refuse(w http.ResponseWriter, r *http.Request, err error) {
	e := problem.Of(err)
	tellRefusal(r, nil, r.URL.Path, e.Kind().Status, e.Code)
	w.Header().Set("connection", "close") // what follows on it may be a body that nobody reads
	problem.Render(w, r, e)
}

// bearer returns the one token of a request, which comes in its Authorization alone (RFC 6750 section 2.1).
func bearer(given []string) (string, error) {
	if len(given) == 0 {
		return "", challenge("there is no access token: send Authorization: Bearer …")
	}
	if len(given) > 1 {
		return "", problem.NoToken("there are two Authorization headers")
	}
	scheme, token, _ := strings.Cut(given[0], " ")
	token = strings.Trim(token, " \t")
	if !strings.EqualFold(scheme, "bearer") || token == "" {
		return "", challenge("Authorization is no Bearer token")
	}
	return token, nil
}

// challenge refuses who showed nothing: then there is no error in it (RFC 6750 section 3.1).
func challenge(detail string) error {
	return problem.New(problem.Unauthenticated, detail).WithHeader("www-authenticate", "Bearer")
}

// watched tells once that an answer is 403. It is unwrapped by http.ResponseController, so a stream can be flushed.
type watched struct {
	http.ResponseWriter
	forbidden func()
	isTold    bool
}

// WriteHeader passes the status on.
func (w *watched) WriteHeader(status int) {
	if status == http.StatusForbidden && !w.isTold {
		w.isTold = true
		w.forbidden()
	}
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap returns the writer behind it.
func (w *watched) Unwrap() http.ResponseWriter { return w.ResponseWriter }
