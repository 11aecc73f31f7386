package token

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"trivet/reservation/internal/problem"
)

const (
	subjectCharactersMax = 128
	scopesMax            = 64
	// leeway is how far two machines' clocks may be apart.
	leeway = 30 * time.Second
	// secondsBelow is what no NumericDate reaches.
	secondsBelow = 1 << 53
)

// claimed is what a token of a good signature says: who it is for, and the seconds since 1970 between which it is valid.
type claimed struct {
	principal    Principal
	begins, ends float64
}

// Issuer is whose tokens are taken, compared letter by letter, and the audience that they must name.
//
// Which attack: a token that somebody holds for another service, or of another issuer, is shown to this one (RFC 8725
// sections 3.8 and 3.9). Why this guard: it names neither this service nor this issuer.
type Issuer struct {
	Name     string
	Audience string
}

// read returns what the claims say, whenever they are valid.
func (i Issuer) read(claims map[string]any) (claimed, error) {
	if claims["iss"] != i.Name {
		return claimed{}, problem.NoToken("the token is another issuer's")
	}
	if !i.isFor(claims["aud"]) {
		return claimed{}, problem.NoToken("the token is for another audience")
	}
	notBefore, there := claims["nbf"]
	if !there {
		notBefore = 0.0
	}
	begins, err := seconds(notBefore, "nbf")
	if err != nil {
		return claimed{}, err
	}
	ends, err := seconds(claims["exp"], "exp")
	if err != nil {
		return claimed{}, err
	}
	subject, err := subjectOf(claims["sub"])
	if err != nil {
		return claimed{}, err
	}
	scopes, err := scopesOf(claims)
	if err != nil {
		return claimed{}, err
	}
	apart := leeway.Seconds()
	return claimed{NewPrincipal(subject, scopes...), begins - apart, ends + apart}, nil
}

func (i Issuer) isFor(audience any) bool {
	named, isList := audience.([]any)
	if !isList {
		named = []any{audience}
	}
	for _, one := range named {
		if one == i.Audience {
			return true
		}
	}
	return false
}

// seconds returns a NumericDate (RFC 7519 section 2); of what is no time, null among it, nothing would ever expire.
func seconds(claim any, name string) (float64, error) {
	found, ok := claim.(float64)
	if !ok || found < 0 || found >= secondsBelow {
		return 0, problem.NoToken("the token's " + name + " is no time")
	}
	return found, nil
}

// subjectOf returns the subject; one that the services themselves use would be taken for somebody without a token.
func subjectOf(claim any) (string, error) {
	found, ok := claim.(string)
	length := utf8.RuneCountInString(found)
	unprintable := func(char rune) bool { return !unicode.IsPrint(char) || char == utf8.RuneError }
	if !ok || length == 0 || length > subjectCharactersMax || strings.ContainsFunc(found, unprintable) {
		return "", problem.NoToken("the token's sub is no text of 1 to 128 printable characters")
	}
	if found == Anonymous || strings.HasPrefix(found, StaffPrefix) {
		return "", problem.NoToken("the token's sub is one that no token can be for")
	}
	return found, nil
}

// scopesOf returns the scopes, which are words with a space between them (RFC 8693 section 4.2).
func scopesOf(claims map[string]any) ([]string, error) {
	claim, there := claims["scope"]
	if !there {
		return nil, nil
	}
	found, ok := claim.(string)
	if !ok || strings.Count(found, " ") >= scopesMax {
		return nil, problem.NoToken("the token's scope is no text of at most 64 words")
	}
	var words []string
	for word := range strings.SplitSeq(found, " ") {
		if word != "" {
			words = append(words, word)
		}
	}
	return words, nil
}
