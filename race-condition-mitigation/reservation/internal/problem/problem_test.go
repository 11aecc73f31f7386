package problem

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestTheTableIsTheContract(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("..", "..", "..", "..", "contracts", "problems.json"))
	if err != nil {
		t.Fatal(err)
	}
	var contract struct {
		Schema     int             `json:"schema"`
		MediaType  string          `json:"media_type"`
		TypePrefix string          `json:"type_prefix"`
		Notes      json.RawMessage `json:"notes"`
		Problems   []struct {
			Code       string `json:"code"`
			Status     int    `json:"status"`
			Title      string `json:"title"`
			Definite   *bool  `json:"definite"`
			Retryable  bool   `json:"retryable"`
			Stored     bool   `json:"stored"`
			RetryAfter bool   `json:"retry_after"`
		} `json:"problems"`
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&contract); err != nil {
		t.Fatal(err)
	}
	if contract.Schema != 1 || contract.MediaType != MediaType || contract.TypePrefix != TypePrefix {
		t.Errorf("the contract is of schema %d, %s, %s", contract.Schema, contract.MediaType, contract.TypePrefix)
	}
	wanted := make([]Kind, len(contract.Problems))
	for i, one := range contract.Problems {
		wanted[i] = Kind(one)
	}
	if got := Kinds(); !reflect.DeepEqual(got, wanted) {
		t.Errorf("the table is %+v, the contract %+v", got, wanted)
	}
}

func TestAProblemHasEveryMemberInItsOrder(t *testing.T) {
	e := New(AlreadyHeld, `taken: <a> & "b"`).With("seats", []string{"a-1"}).With("code", "planted").With("also", nil)
	wanted := `{"type":"urn:trivet:problem:already-held","title":"Already held","status":409,` +
		`"detail":"taken: <a> & \"b\"","code":"already-held","definite":true,"retryable":false,` +
		`"trace_id":"abc","also":null,"seats":["a-1"]}`
	if got := string(Body(e, "abc")); got != wanted {
		t.Errorf("got  %s\nwant %s", got, wanted)
	}
}

func TestDefiniteIsTheTables(t *testing.T) {
	for _, kind := range Kinds() {
		for _, said := range []bool{true, false} {
			e := New(kind.Code, "x")
			say := map[bool]func() *Error{true: e.Definitely, false: e.Indefinite}[said]
			allowed := kind.Definite == nil || *kind.Definite == said
			if panicked := panics(func() { say() }); panicked == allowed {
				t.Errorf("%s: saying definite=%t panics: %t", kind.Code, said, panicked)
			}
			if allowed && e.IsDefinite() != said {
				t.Errorf("%s says definite=%t", kind.Code, e.IsDefinite())
			}
		}
	}
	if New(Unavailable, "x").IsDefinite() {
		t.Error("one that was not told promises that nothing happened")
	}
	planted := &Error{Code: Internal, Definite: &yes}
	if planted.IsDefinite() {
		t.Error("an instance contradicts the table")
	}
}

func TestWhatTheTableDoesNotHaveIsADefect(t *testing.T) {
	for name, make := range map[string]func(){
		"a code":      func() { New("planted", "x") },
		"a literal":   func() { Body(&Error{Code: "planted"}, "") },
		"Retry-After": func() { New(NotFound, "x").After(3) },
	} {
		if !panics(make) {
			t.Errorf("%s is let through", name)
		}
	}
}

func TestWrite(t *testing.T) {
	cases := map[string]struct {
		err     error
		status  int
		code    string
		headers map[string]string
	}{
		"a refusal": {New(NotFound, "x"), 404, NotFound, map[string]string{"Retry-After": ""}},
		"wrapped":   {fmt.Errorf("hold: %w", New(HoldExpired, "x")), 409, HoldExpired, nil},
		"busy":      {New(QueueFull, "x"), 429, QueueFull, map[string]string{"Retry-After": "1"}},
		"after":     {New(Unavailable, "x").Definitely().After(7), 503, Unavailable, map[string]string{"Retry-After": "7"}},
		"a token": {NoToken("x"), 401, Unauthenticated,
			map[string]string{"Www-Authenticate": `Bearer error="invalid_token"`}},
		"a defect": {errors.New("pq: password"), 500, Internal, nil},
	}
	for name, one := range cases {
		t.Run(name, func(t *testing.T) {
			quiet(t)
			answer := httptest.NewRecorder()
			Write(answer, httptest.NewRequest(http.MethodGet, "/x", nil), one.err)
			var told map[string]any
			if err := json.Unmarshal(answer.Body.Bytes(), &told); err != nil {
				t.Fatal(err)
			}
			if answer.Code != one.status || told["code"] != one.code {
				t.Errorf("got %d %v", answer.Code, told)
			}
			if answer.Header().Get("content-type") != MediaType {
				t.Errorf("its media type is %s", answer.Header().Get("content-type"))
			}
			for name, value := range one.headers {
				if got := answer.Header().Get(name); got != value {
					t.Errorf("%s: %s", name, got)
				}
			}
			if strings.Contains(answer.Body.String(), "password") {
				t.Errorf("the cause is told: %s", answer.Body)
			}
		})
	}
}

func TestTheCauseOfADefectIsLogged(t *testing.T) {
	log := quiet(t)
	Write(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/x", nil), errors.New("the cause"))
	if !strings.Contains(log.String(), "the cause") || !strings.Contains(log.String(), "defect") {
		t.Errorf("the log says %q", log)
	}
}

func TestWhatIsRenderedIsNotLogged(t *testing.T) {
	log, answer := quiet(t), httptest.NewRecorder()
	Render(answer, httptest.NewRequest(http.MethodGet, "/x", nil), New(Unavailable, "x").Definitely())
	if log.Len() > 0 || answer.Code != 503 {
		t.Errorf("%d, the log says %q", answer.Code, log)
	}
}

func TestHeadHasNoBody(t *testing.T) {
	answer := httptest.NewRecorder()
	Write(answer, httptest.NewRequest(http.MethodHead, "/x", nil), New(NotFound, "x"))
	if body, _ := io.ReadAll(answer.Body); len(body) != 0 {
		t.Errorf("it has %s", body)
	}
}

func TestFaults(t *testing.T) {
	e := OfFaults(Fault{"body.a", "is missing"}, Fault{"body.b.0", "is no text"})
	if e.Detail != "body.a: is missing; body.b.0: is no text" {
		t.Errorf("it says %s", e.Detail)
	}
	if !strings.Contains(string(Body(e, "")), `"errors":[{"field":"body.a","message":"is missing"},`) {
		t.Errorf("it lists %s", Body(e, ""))
	}
}

func panics(work func()) (panicked bool) {
	defer func() { panicked = recover() != nil }()
	work()
	return
}

func quiet(t *testing.T) *bytes.Buffer {
	t.Helper()
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	return &log
}
