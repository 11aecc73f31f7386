package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
)

func well(context.Context) error { return nil }

func ill(context.Context) error { return errors.New("did not answer") }

func broken(context.Context) error { panic("no checks here") }

func asleep(ctx context.Context) error {
	<-ctx.Done()
	select {} // it does not heed its context
}

func TestReadyz(t *testing.T) {
	cases := map[string]struct {
		checks, concerns []Check
		draining         bool
		status           int
		body             string
	}{
		"nothing needed": {status: 200, body: `{"ready":true,"checks":{}}`},
		"all well": {
			checks: []Check{{"valkey", well}, {"database", well}}, status: 200,
			body: `{"ready":true,"checks":{"valkey":null,"database":null}}`,
		},
		"a concern": {
			checks: []Check{{"database", well}}, concerns: []Check{{"keys", ill}}, status: 200,
			body: `{"ready":true,"checks":{"database":null},"concerns":{"keys":"did not answer"}}`,
		},
		"one is ill": {
			checks: []Check{{"valkey", ill}, {"database", well}}, status: 503,
			body: `{"detail":"valkey did not answer","checks":{"valkey":"did not answer","database":null}}`,
		},
		"one breaks": {
			checks: []Check{{"valkey", broken}}, status: 503,
			body: `{"detail":"valkey broke: no checks here","checks":{"valkey":"broke: no checks here"}}`,
		},
		"one sleeps": {
			checks: []Check{{"valkey", asleep}}, status: 503,
			body: `{"detail":"valkey did not answer within 10 ms","checks":{"valkey":"did not answer within 10 ms"}}`,
		},
		"draining": {
			checks: []Check{{"database", well}}, draining: true, status: 503,
			body: `{"detail":"process is draining","checks":{"database":null,"process":"is draining"}}`,
		},
	}
	for name, one := range cases {
		t.Run(name, func(t *testing.T) {
			health := NewHealth(one.checks, one.concerns)
			health.deadline /= 100
			if one.draining {
				health.Drain()
			}
			answer := httptest.NewRecorder()
			health.Readyz(answer, httptest.NewRequest(http.MethodGet, "/readyz", nil))
			if answer.Code != one.status {
				t.Errorf("it is %d", answer.Code)
			}
			if got := essence(t, answer.Body.Bytes()); got != one.body {
				t.Errorf("got  %s\nwant %s", got, one.body)
			}
		})
	}
}

// essence returns a readiness as it is, and of a problem what is about it.
func essence(t *testing.T, said []byte) string {
	t.Helper()
	var problem struct {
		Detail    string          `json:"detail"`
		Checks    json.RawMessage `json:"checks"`
		Code      string          `json:"code"`
		Definite  bool            `json:"definite"`
		Retryable bool            `json:"retryable"`
	}
	if err := json.Unmarshal(said, &problem); err != nil {
		t.Fatal(err)
	}
	if problem.Code == "" {
		return string(said)
	}
	if problem.Code != "unavailable" || !problem.Definite || !problem.Retryable {
		t.Errorf("it says %s", said)
	}
	return `{"detail":"` + problem.Detail + `","checks":` + string(problem.Checks) + `}`
}

func TestLivezAsksNobody(t *testing.T) {
	health := NewHealth([]Check{{"valkey", broken}}, nil)
	health.Drain()
	answer := httptest.NewRecorder()
	health.Livez(answer, httptest.NewRequest(http.MethodGet, "/livez", nil))
	if answer.Code != 200 || answer.Body.String() != live || answer.Header().Get("content-type") != "application/json" {
		t.Errorf("it is %d %s", answer.Code, answer.Body)
	}
}
