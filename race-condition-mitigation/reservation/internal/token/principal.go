// Package token says who asks, by an access token that an issuer signed, and what they may do.
//
// A token is a JWT in compact serialisation (RFC 7519) by the profile for access tokens (RFC 9068), checked as JSON Web
// Token Best Current Practices (RFC 8725) asks: the key decides which algorithm it is for, the token never does.
package token

import (
	"context"
	"fmt"

	"trivet/reservation/internal/problem"
)

const (
	// Anonymous is everybody's name, where no tokens are asked for.
	Anonymous = "anonymous"
	// StaffPrefix is what stands before the name of who works on pages of ours.
	StaffPrefix = "staff:"
	// Scheme is how the document names what a caller shows.
	Scheme = "accessToken"
)

// Principal is the subject of a verified token, and the scopes that it was granted.
//
// Keys and holds belong to a subject: it is the name that the issuer gives somebody for good, at most 128 characters,
// never what they call themselves.
type Principal struct {
	Subject string
	scopes  map[string]bool
	anybody bool
}

// NewPrincipal returns who was granted some scopes.
func NewPrincipal(subject string, scopes ...string) Principal {
	granted := make(map[string]bool, len(scopes))
	for _, scope := range scopes {
		granted[scope] = true
	}
	return Principal{Subject: subject, scopes: granted}
}

// Anybody returns whoever asks a service that asks nobody who they are: they may do everything.
func Anybody() Principal { return Principal{Subject: Anonymous, anybody: true} }

// May tells whether a scope was granted; scopes are compared whole, none implies another.
func (p Principal) May(scope string) bool { return p.anybody || p.scopes[scope] }

// EnsureGranted returns nil if a scope was granted, else the refusal (RFC 6750 section 3.1).
func (p Principal) EnsureGranted(scope string) error {
	if p.May(scope) {
		return nil
	}
	return problem.Newf(problem.Forbidden, "the access token does not grant %s", scope).
		WithHeader("www-authenticate", fmt.Sprintf(`Bearer error="insufficient_scope", scope="%s"`, scope))
}

type principalKey struct{}

// With returns a context in which a principal asks.
func With(ctx context.Context, p Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

// From returns who asks. Nobody does where no gate stands before: a route that everybody may ask, or no request at all;
// then nothing is granted.
func From(ctx context.Context) Principal {
	found, _ := ctx.Value(principalKey{}).(Principal)
	return found
}
