package token

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"trivet/reservation/internal/problem"
)

const tokenBytesMax = 8192

var (
	compact = regexp.MustCompile(`^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$`)
	segment = base64.RawURLEncoding.Strict()
	// accessTypes are how an access token names itself (RFC 9068 section 2.1); an ID token, which is for its holder to
	// read, does not.
	accessTypes = []string{"at+jwt", "application/at+jwt"}
)

// verifier says who asks. Each verified token is remembered for as long as it is valid and its issuer's keys stay the
// same.
//
// A key that its issuer takes back ends all that was remembered: a token is refused at the latest when the keys are
// asked for next. A single token cannot be taken back; it ends with its exp.
type verifier struct {
	issuer Issuer
	keys   *publisher
	types  []string
	known  *known
	now    func() time.Time
}

func newVerifier(issuer Issuer, keys *publisher, types []string) *verifier {
	return &verifier{issuer, keys, types, newKnown(tokensMax), time.Now}
}

// verify returns who holds a token.
//
// It returns problem unauthenticated if it is no token of this issuer for this audience, or not now; unavailable,
// definite, if the key that it names is not known and the issuer cannot be asked.
func (v *verifier) verify(ctx context.Context, token string) (Principal, error) {
	if said, ok := v.known.get(v.keys.known(), token); ok {
		return v.inTime(said)
	}
	if len(token) > tokenBytesMax {
		return Principal{}, problem.NoToken(fmt.Sprintf("the token is longer than %d bytes", tokenBytesMax))
	}
	if !compact.MatchString(token) {
		return Principal{}, problem.NoToken("that is no signed token")
	}
	parts := strings.Split(token, ".")
	kid, algorithm, err := v.named(parts[0])
	if err != nil {
		return Principal{}, err
	}
	found, set, ok, err := v.keys.find(ctx, kid)
	if err != nil {
		return Principal{}, err
	}
	signature, failed := segment.DecodeString(parts[2])
	if !ok || failed != nil || !found.verifies(algorithm, []byte(parts[0]+"."+parts[1]), signature) {
		return Principal{}, problem.NoToken("the token is signed by no key of its issuer")
	}
	claims, ok := objectIn(parts[1])
	if !ok {
		return Principal{}, problem.NoToken("the token's claims are no object")
	}
	said, err := v.issuer.read(claims)
	if err != nil {
		return Principal{}, err
	}
	who, err := v.inTime(said)
	if err == nil {
		v.known.keep(set, token, said)
	}
	return who, err
}

// named returns the key that a token names and the algorithm that it says; what may be in a header is a short list.
//
// Which attack: a header that carries or points to a key of the attacker's (jwk, jku, x5u), asks for an extension
// (crit), or nests another token (cty). Why this guard: nothing is read that is not needed. If it is lost, a token says
// itself by which key it is good.
func (v *verifier) named(encoded string) (kid, algorithm string, err error) {
	header, ok := objectIn(encoded)
	if !ok {
		return "", "", problem.NoToken("the token cannot be read")
	}
	kid, hasKid := header["kid"].(string)
	algorithm, hasAlgorithm := header["alg"].(string)
	for name := range header {
		ok = ok && (name == "alg" || name == "kid" || name == "typ")
	}
	if !ok || !hasKid || !hasAlgorithm {
		return "", "", problem.NoToken("the token's header has to name an alg, a kid and a typ, and nothing else")
	}
	type_, _ := header["typ"].(string)
	for _, one := range v.types {
		if strings.ToLower(type_) == one {
			return kid, algorithm, nil
		}
	}
	return "", "", problem.NoToken("the token is no access token")
}

func (v *verifier) inTime(said claimed) (Principal, error) {
	now := float64(v.now().UnixMicro()) / 1e6
	if now < said.begins {
		return Principal{}, problem.NoToken("the token is not valid yet")
	}
	if now >= said.ends {
		return Principal{}, problem.NoToken("the token has expired")
	}
	return said.principal, nil
}

func objectIn(encoded string) (map[string]any, bool) {
	raw, err := segment.DecodeString(encoded)
	if err != nil || !utf8.Valid(raw) {
		return nil, false
	}
	var found map[string]any
	if json.Unmarshal(raw, &found) != nil || found == nil {
		return nil, false
	}
	return found, true
}
