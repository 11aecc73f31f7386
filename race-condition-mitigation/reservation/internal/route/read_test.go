package route

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"trivet/reservation/internal/problem"
	"trivet/reservation/internal/token"
)

func TestKeys(t *testing.T) {
	printable := ""
	for char := ' ' + 1; char <= '~'; char++ {
		printable += string(char)
	}
	for name, one := range map[string]struct {
		path   string
		keys   []string
		wanted string
	}{
		"none":      {"/shows", nil, ""},
		"one":       {"/shows", []string{"k"}, ""},
		"255":       {"/shows", []string{strings.Repeat("x", 255)}, ""},
		"printable": {"/shows", []string{printable + " " + printable}, ""},
		"empty":     {"/shows", []string{""}, "Idempotency-Key must be 1 to 255 printable ASCII characters"},
		"256":       {"/shows", []string{strings.Repeat("x", 256)}, "must be 1 to 255"},
		"tab":       {"/shows", []string{"a\tb"}, "must be 1 to 255"},
		"utf-8":     {"/shows", []string{"café"}, "must be 1 to 255"},
		"byte":      {"/shows", []string{"\xff"}, "must be 1 to 255"},
		"delete":    {"/shows", []string{"\x7f"}, "must be 1 to 255"},
		"two":       {"/shows", []string{"a", "a"}, "Idempotency-Key is there twice"},
		"demanded":  {"/shows/batch/seats", nil, "Idempotency-Key is required"},
		"given":     {"/shows/batch/seats", []string{"k"}, ""},
	} {
		answer := call{method: "POST", path: one.path, body: body, header: http.Header{
			"Content-Type": {JSON}, "Idempotency-Key": one.keys,
		}}.do()
		if one.wanted == "" {
			var told show
			if json.Unmarshal(answer.Body.Bytes(), &told); len(one.keys) > 0 && told.Key != one.keys[0] || answer.Code > 299 {
				t.Errorf("%s: %d %s", name, answer.Code, answer.Body)
			}
		} else if codeOf(t, answer) != "invalid-request" || !strings.Contains(answer.Body.String(), one.wanted) {
			t.Errorf("%s: %d %s", name, answer.Code, answer.Body)
		}
	}
	answer := call{method: "POST", path: "/shows", body: body, header: http.Header{
		"Content-Type": {JSON}, "Idempotency-Key": {"again"},
	}}.do()
	if answer.Header().Get("idempotency-replayed") != "true" {
		t.Errorf("%v", answer.Header())
	}
}

func TestBodies(t *testing.T) {
	for _, one := range []struct{ mediaType, body, code string }{
		{JSON, body, ""},
		{"Application/JSON; charset=utf-8", body, ""},
		{" application/json ;x", body, ""},
		{"", body, "unsupported-media-type"},
		{"text/plain", body, "unsupported-media-type"},
		{"application/jsonp", body, "unsupported-media-type"},
		{"text/plain", "{", "unsupported-media-type"},
		{JSON, "", "invalid-request"},
		{"", "", "invalid-request"},
		{JSON, "{", "invalid-request"},
		{JSON, `{"name":"gala"}`, "invalid-request"},
		{JSON, `{"name":"<taken>","price":1}`, "already-exists"},
		{JSON, `{"name":"defect","price":1}`, "internal"},
	} {
		answer := call{method: "POST", path: "/shows", body: one.body, header: http.Header{
			"Content-Type": {one.mediaType},
		}}.do()
		if got := codeOf(t, answer); got != one.code {
			t.Errorf("%q of %q: %d %s", one.body, one.mediaType, answer.Code, answer.Body)
		}
	}
}

func TestABodyThatCannotBeReadIsRefused(t *testing.T) {
	for wanted, failure := range map[string]error{
		"invalid-request": io.ErrUnexpectedEOF, "payload-too-large": problem.New(problem.PayloadTooLarge, "x"),
	} {
		request := httptest.NewRequest("POST", "/shows", io.NopCloser(failing{failure}))
		answer := httptest.NewRecorder()
		New(table(), nil, nil).ServeHTTP(answer, request.WithContext(token.With(request.Context(), token.Anybody())))
		if codeOf(t, answer) != wanted {
			t.Errorf("%v: %s", failure, answer.Body)
		}
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestParameters(t *testing.T) {
	for path, wanted := range map[string]string{
		"/shows/A/seats":    "path.show_id: String should match",
		"/shows/\xff/seats": "path.show_id: Input should be a valid string",
		"/shows/a\n/seats":  "path.show_id: String should match",
		"/shows/" + strings.Repeat("a", 65) + "/seats": "path.show_id: String should match",
		"/shows/a/seats?limit=0":                       "query.limit: Input should be greater",
		"/shows/a/seats?limit=many":                    "query.limit: Input should be a valid integer",
		"/shows/a/seats?limit=1&limit=2":               "query.limit: Input is there twice",
		"/shows/a/seats?limit=":                        "query.limit: Input should be a valid integer",
		"/shows/a/seats?block=abcdefghi":               "query.block: String should have at most 8 characters",
		"/shows/a/seats?block=%00":                     "query.block: Input should be a valid string",
		"/shows/a/seats?block=%zz":                     "query: Input should be a valid query",
		"/shows/a/seats?planted=1&more=1":              "query.more: Extra inputs",
		"/shows/A/seats?limit=0":                       "path.show_id: String should match pattern '^[a-z0-9-]{1,64}$'; query.limit",
	} {
		answer := call{method: "GET", path: path}.do()
		if codeOf(t, answer) != "invalid-request" || !strings.Contains(detailOf(t, answer), wanted) {
			t.Errorf("%q: %d %s", path, answer.Code, answer.Body)
		}
	}
	answer := call{method: "GET", path: "/shows/a/seats", header: http.Header{"If-None-Match": {`"1"`, `"2"`}}}.do()
	if codeOf(t, answer) != "invalid-request" {
		t.Errorf("%d %s", answer.Code, answer.Body)
	}
	var found place
	routes := table()
	routes[1].Handle = func(_ context.Context, r *Request) (Answer, error) {
		found = *ParametersOf[place](r)
		return Answer{Status: 304}, nil
	}
	request := httptest.NewRequest("GET", "/shows/a/seats?block=b", nil)
	request.Header.Set("if-none-match", `"1"`)
	recorder := httptest.NewRecorder()
	New(routes, nil, nil).ServeHTTP(recorder, request.WithContext(token.With(request.Context(), token.Anybody())))
	if found.Show != "a" || *found.Block != "b" || found.Limit != 50 || *found.Known != `"1"` {
		t.Errorf("got %+v", found)
	}
	if recorder.Code != 304 || recorder.Body.Len() != 0 || recorder.Header().Get("content-type") != "" {
		t.Errorf("%d %v %s", recorder.Code, recorder.Header(), recorder.Body)
	}
}
