package token

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"
)

const (
	issuerName = "https://issuer.test"
	audience   = "trivet"
)

var clock = time.Unix(1_800_000_000, 0)

func encoded(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }

func encodedJSON(value any) string {
	raw, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return encoded(raw)
}

// signer is an issuer's key of either kind.
type signer struct {
	kid, alg string
	private  crypto.Signer
}

func newEd25519(kid string) signer {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	return signer{kid, "EdDSA", private}
}

func newES256(kid string) signer {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return signer{kid, "ES256", private}
}

func (s signer) jwk() map[string]any {
	switch public := s.private.Public().(type) {
	case ed25519.PublicKey:
		return map[string]any{"kid": s.kid, "kty": "OKP", "crv": "Ed25519", "x": encoded(public)}
	case *ecdsa.PublicKey:
		point, err := public.Bytes()
		if err != nil {
			panic(err)
		}
		return map[string]any{
			"kid": s.kid, "kty": "EC", "crv": "P-256", "x": encoded(point[1:33]), "y": encoded(point[33:]),
		}
	}
	panic("no such key")
}

func (s signer) sign(input string) []byte {
	if private, ok := s.private.(ed25519.PrivateKey); ok {
		return ed25519.Sign(private, []byte(input))
	}
	digest := sha256.Sum256([]byte(input))
	r, t, err := ecdsa.Sign(rand.Reader, s.private.(*ecdsa.PrivateKey), digest[:])
	if err != nil {
		panic(err)
	}
	return append(r.FillBytes(make([]byte, 32)), t.FillBytes(make([]byte, 32))...)
}

func with(base map[string]any, more map[string]any) map[string]any {
	made := maps.Clone(base)
	for name, value := range more {
		if value == "(none)" {
			delete(made, name)
		} else {
			made[name] = value
		}
	}
	return made
}

// token returns a token that is good but for what is said otherwise.
func (s signer) token(header, claims map[string]any) string {
	head := with(map[string]any{"alg": s.alg, "kid": s.kid, "typ": "at+jwt"}, header)
	said := with(map[string]any{
		"iss": issuerName, "aud": audience, "sub": "alice", "scope": "seats.hold shows.read",
		"exp": clock.Unix() + 60, "iat": clock.Unix(),
	}, claims)
	input := encodedJSON(head) + "." + encodedJSON(said)
	return input + "." + encoded(s.sign(input))
}

func keySetOf(keys ...map[string]any) []byte {
	if keys == nil {
		keys = []map[string]any{}
	}
	raw, err := json.Marshal(map[string]any{"keys": keys})
	if err != nil {
		panic(err)
	}
	return raw
}

// site is where an issuer publishes its keys: a real server on loopback.
type site struct {
	*httptest.Server
	guard  sync.Mutex
	answer http.HandlerFunc
	asked  int
}

func newSite(t *testing.T, document []byte) *site {
	made := &site{}
	made.publish(document)
	made.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		made.guard.Lock()
		made.asked++
		answer := made.answer
		made.guard.Unlock()
		answer(w, r)
	}))
	t.Cleanup(made.Close)
	return made
}

func (s *site) answerWith(answer http.HandlerFunc) {
	s.guard.Lock()
	defer s.guard.Unlock()
	s.answer = answer
}

func (s *site) publish(document []byte) {
	s.answerWith(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(document) })
}

func (s *site) fail() {
	s.answerWith(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
}

func (s *site) count() int {
	s.guard.Lock()
	defer s.guard.Unlock()
	return s.asked
}

// hands is a clock that a test sets.
type hands struct {
	guard sync.Mutex
	at    time.Duration
}

func (h *hands) now() time.Duration {
	h.guard.Lock()
	defer h.guard.Unlock()
	return h.at
}

func (h *hands) pass(rest time.Duration) {
	h.guard.Lock()
	defer h.guard.Unlock()
	h.at += rest
}

func publisherOf(s *site) (*publisher, *hands) {
	p, h := newPublisher(newFetcher(s.URL).fetch), &hands{}
	p.now = h.now
	p.jitter = func() float64 { return 0 }
	return p, h
}

func verifierOf(p *publisher) *verifier {
	v := newVerifier(Issuer{issuerName, audience}, p, accessTypes)
	v.now = func() time.Time { return clock }
	return v
}

// logged returns the lines that are logged from now on.
func logged(t *testing.T) func() []map[string]any {
	t.Helper()
	var guard sync.Mutex
	var out bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(lockedWriter{&guard, &out}, &slog.HandlerOptions{Level: slog.LevelError})))
	t.Cleanup(func() { slog.SetDefault(before) })
	return func() []map[string]any {
		guard.Lock()
		defer guard.Unlock()
		var lines []map[string]any
		for line := range bytes.Lines(out.Bytes()) {
			var one map[string]any
			if err := json.Unmarshal(line, &one); err != nil {
				t.Fatal(err)
			}
			delete(one, "time")
			lines = append(lines, one)
		}
		return lines
	}
}

type lockedWriter struct {
	guard *sync.Mutex
	out   *bytes.Buffer
}

func (w lockedWriter) Write(line []byte) (int, error) {
	w.guard.Lock()
	defer w.guard.Unlock()
	return w.out.Write(line)
}

var background = context.Background()
