package token

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"trivet/reservation/internal/problem"
	"trivet/reservation/internal/settings"
)

func gateOf(t *testing.T, url string) *Gate {
	t.Helper()
	gate, err := NewGate(&settings.Settings{
		JWKSURL: url, TokenIssuer: issuerName, TokenAudience: audience, TokenType: "at+jwt", Listen: "127.0.0.1:0",
	})
	if err != nil {
		t.Fatal(err)
	}
	if gate.verifier != nil {
		gate.verifier.now = func() time.Time { return clock }
	}
	return gate
}

// behind serves one request behind a gate: the handler answers with the subject, or refuses it /forbidden.
func behind(gate *Gate, path string, authorization ...string) *httptest.ResponseRecorder {
	handler := gate.Before(func(r *http.Request) string { return r.Header.Get("x-template") })(
		http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if err := From(r.Context()).EnsureGranted("seats.hold"); err != nil || r.URL.Path == "/forbidden" {
				problem.Write(w, r, problem.New(problem.Forbidden, "not this"))
				return
			}
			_, _ = w.Write([]byte(From(r.Context()).Subject))
		}))
	request := httptest.NewRequest(http.MethodGet, path, nil)
	request.Header["Authorization"] = authorization
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, request)
	return answer
}

func TestWhoShowsATokenIsLetIn(t *testing.T) {
	issuer := newEd25519("one")
	gate := gateOf(t, newSite(t, keySetOf(issuer.jwk())).URL)
	for _, scheme := range []string{"Bearer ", "bearer ", "BEARER  "} {
		if answer := behind(gate, "/x", scheme+issuer.token(nil, nil)); answer.Code != 200 || answer.Body.String() != "alice" {
			t.Errorf("%s: %d %s", scheme, answer.Code, answer.Body)
		}
	}
}

func TestWhoShowsNoneIsRefusedAndTold(t *testing.T) {
	issuer := newEd25519("one")
	gate := gateOf(t, newSite(t, keySetOf(issuer.jwk())).URL)
	good := "Bearer " + issuer.token(nil, nil)
	const invalid = `Bearer error="invalid_token"`
	for name, one := range map[string]struct {
		given     []string
		challenge string
	}{
		"none": {nil, "Bearer"}, "basic": {[]string{"Basic x"}, "Bearer"}, "empty": {[]string{"Bearer "}, "Bearer"},
		"two": {[]string{good, good}, invalid}, "nonsense": {[]string{"Bearer nonsense"}, invalid},
	} {
		t.Run(name, func(t *testing.T) {
			lines := logged(t)
			answer := behind(gate, "/"+strings.Repeat("é", 300), one.given...)
			if answer.Code != 401 || answer.Header().Get("www-authenticate") != one.challenge {
				t.Errorf("%d, %v", answer.Code, answer.Header())
			}
			if answer.Header().Get("connection") != "close" {
				t.Error("what follows may be a body that nobody reads")
			}
			wanted := []map[string]any{{
				"level": "WARN", "msg": "refused", "subject": nil, "method": "GET", "status": 401.0,
				"path": "/" + strings.Repeat("é", 199), "code": "unauthenticated", "client": "192.0.2.1",
			}}
			if got := lines(); !reflect.DeepEqual(got, wanted) {
				t.Errorf("it tells %v", got)
			}
		})
	}
}

func TestWhoMayNotIsTold(t *testing.T) {
	issuer := newEd25519("one")
	gate := gateOf(t, newSite(t, keySetOf(issuer.jwk())).URL)
	lines := logged(t)
	answer := behind(gate, "/forbidden", "Bearer "+issuer.token(nil, nil))
	if answer.Code != 403 {
		t.Fatal(answer.Code)
	}
	if got := lines(); len(got) != 1 || got[0]["subject"] != "alice" || got[0]["code"] != "forbidden" ||
		got[0]["path"] != "/forbidden" || got[0]["status"] != 403.0 {
		t.Errorf("it tells %v", got)
	}
}

func TestTheOpenPathsAreEverybodys(t *testing.T) {
	gate := gateOf(t, newSite(t, keySetOf()).URL)
	for _, path := range OpenPaths() {
		if answer := behind(gate, path, "Bearer nonsense"); answer.Code != 403 { // the handler itself grants nobody
			t.Errorf("%s: %d", path, answer.Code)
		}
	}
	for _, path := range []string{"/livez/", "//livez", "/livez/x", "/LIVEZ", "/"} {
		if answer := behind(gate, path); answer.Code != 401 {
			t.Errorf("%s: %d", path, answer.Code)
		}
	}
}

func TestAnIssuerThatIsAwayIsNobodysFault(t *testing.T) {
	logged(t)
	site := newSite(t, nil)
	site.fail()
	gate := gateOf(t, site.URL)
	answer := behind(gate, "/x", "Bearer "+newEd25519("one").token(nil, nil))
	if answer.Code != 503 || answer.Header().Get("retry-after") != "1" || !strings.Contains(answer.Body.String(), `"definite":true`) {
		t.Errorf("%d %s", answer.Code, answer.Body)
	}
	if gate.Checks()[0].Ask(background) == nil || gate.Concerns()[0].Ask(background) != nil {
		t.Error("it is ready")
	}
}

func TestTheGateKeepsTheKeysFreshUntilItEnds(t *testing.T) {
	site := newSite(t, nil)
	asked := make(chan struct{}, 1)
	site.answerWith(func(w http.ResponseWriter, _ *http.Request) {
		asked <- struct{}{}
		_, _ = w.Write(keySetOf())
	})
	gate := gateOf(t, site.URL)
	ctx, cancel := context.WithCancel(background)
	ended := make(chan struct{})
	go func() { defer close(ended); gate.Run(ctx) }()
	<-asked
	cancel()
	<-ended
}

func TestWithoutAnIssuerOnlyThisMachineIsServed(t *testing.T) {
	for listen, wanted := range map[string]bool{
		"127.0.0.1:1": true, "[::1]:1": true, "localhost:1": true, "0.0.0.0:1": false, "10.0.0.1:1": false, "[::]:1": false,
	} {
		gate, err := NewGate(&settings.Settings{Listen: listen})
		if (err == nil) != wanted {
			t.Errorf("%s: %v", listen, err)
		}
		if gate == nil {
			continue
		}
		if answer := behind(gate, "/x"); answer.Body.String() != Anonymous {
			t.Errorf("%s: %d", listen, answer.Code)
		}
		if gate.Checks() != nil || gate.Concerns() != nil {
			t.Error("it needs something")
		}
		gate.Run(background)
	}
}

func TestSettingsByHalfAreNone(t *testing.T) {
	_, err := NewGate(&settings.Settings{JWKSURL: "http://issuer.test/", Listen: "127.0.0.1:1"})
	var found *settings.Error
	if !errors.As(err, &found) || len(found.Faults) != 2 ||
		!strings.HasPrefix(found.Faults[0], "TRIVET_RESERVATION_JWKS_URL must begin") ||
		!strings.HasPrefix(found.Faults[1], "TRIVET_RESERVATION_TOKEN_ISSUER is not set") {
		t.Errorf("got %v", err)
	}
	gate, err := NewGate(&settings.Settings{JWKSURL: "https://x", TokenIssuer: "x", TokenType: "JWT"})
	if err != nil || !reflect.DeepEqual(gate.verifier.types, []string{"jwt"}) {
		t.Errorf("got %v, %v", gate, err)
	}
}

func TestAMovementIsToldWhateverTheLevel(t *testing.T) {
	lines := logged(t)
	TellMovement(background, "alice", "pinHold", "", 200, slog.String("hold_id", "h"))
	TellMovement(background, "alice", "createShow", "k", 0)
	wanted := []map[string]any{
		{"level": "INFO", "msg": "moved", "subject": "alice", "operation": "pinHold", "key": nil, "status": 200.0, "hold_id": "h"},
		{"level": "INFO", "msg": "moved", "subject": "alice", "operation": "createShow", "key": "k", "status": nil},
	}
	if got := lines(); !reflect.DeepEqual(got, wanted) {
		t.Errorf("it tells %v", got)
	}
}

func TestWhatIsNotGrantedIsNamed(t *testing.T) {
	err := NewPrincipal("alice", "seats").EnsureGranted("seats.hold")
	var found *problem.Error
	if !errors.As(err, &found) || found.Code != problem.Forbidden ||
		found.Headers.Get("www-authenticate") != `Bearer error="insufficient_scope", scope="seats.hold"` {
		t.Errorf("got %v", err)
	}
	if Anybody().EnsureGranted("seats.hold") != nil || From(background).May("seats.hold") {
		t.Error("who asks is somebody else")
	}
}

func TestAStreamCanBeFlushed(t *testing.T) {
	answer := httptest.NewRecorder()
	if err := http.NewResponseController(&watched{ResponseWriter: answer}).Flush(); err != nil || !answer.Flushed {
		t.Error(err)
	}
}
