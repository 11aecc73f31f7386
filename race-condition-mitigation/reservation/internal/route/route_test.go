package route

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"trivet/reservation/internal/problem"
	"trivet/reservation/internal/strictjson"
	"trivet/reservation/internal/token"
)

type showID string

func (showID) Rule() strictjson.Rule {
	return strictjson.Rule{Pattern: `^[a-z0-9-]{1,64}$`, Not: []string{"batch"}, Doc: "Lower-case letters.", Example: "gala"}
}

type place struct {
	Show  showID  `path:"show_id"`
	Block *string `query:"block" maxLength:"8" doc:"Of one block alone."`
	Limit int64   `query:"limit" min:"1" max:"500" default:"50"`
	Known *string `header:"If-None-Match" maxLength:"200"`
}

type byShow struct {
	Show showID `path:"show_id"`
}

type makeShow struct {
	_     struct{} `doc:"A show to make."`
	Name  string   `json:"name" maxLength:"20"`
	Price int64    `json:"price" min:"0" max:"1000"`
}

type show struct {
	_    struct{} `doc:"A show."`
	Name string   `json:"name"`
	Key  string   `json:"key"`
}

func table() []Route {
	tell := func(_ context.Context, r *Request) (Answer, error) {
		return Success(200, show{Name: r.Operation, Key: string(ParametersOf[place](r).Show)}), nil
	}
	return []Route{
		{
			Method: "POST", Pattern: "/shows", Operation: "createShow", Summary: "Make a show", Scope: "shows.write",
			Key: KeyOptional, Body: makeShow{}, Answer: show{}, Status: 201, Done: "Made",
			Refusals: []string{problem.AlreadyExists},
			Handle: func(_ context.Context, r *Request) (Answer, error) {
				body := BodyOf[makeShow](r)
				if body.Name == "<taken>" {
					return Answer{}, problem.New(problem.AlreadyExists, "it is there")
				}
				if body.Name == "defect" {
					return Answer{}, errors.New("the cause")
				}
				answer := Success(201, show{Name: body.Name, Key: r.Key})
				if r.Key == "again" {
					answer = answer.Repeated()
				}
				return answer.With("etag", `"1"`), nil
			},
		},
		{
			Method: "GET", Pattern: "/shows/{show_id}/seats", Operation: "readSeats", Summary: "Read", Scope: "shows.read",
			Description: "Read it.", Parameters: place{}, Answer: show{}, Status: 200, Done: "The seats",
			Headers: map[string]string{"etag": "The version."}, Handle: tell,
		},
		{
			Method: "POST", Pattern: "/shows/batch/seats", Operation: "batch", Summary: "Many", Scope: "shows.write",
			Key: KeyRequired, Body: makeShow{}, Answer: show{}, Status: 200, Done: "Done",
			Handle: func(_ context.Context, r *Request) (Answer, error) { return Success(200, show{Key: r.Key}), nil },
		},
		{
			Method: "DELETE", Pattern: "/shows/{show_id}", Operation: "endShow", Summary: "End", Scope: "shows.write",
			Parameters: byShow{}, Answer: show{}, Status: 200, Done: "Ended", Replays: true,
			Refusals: []string{problem.TooLate, problem.Unavailable},
			Handle: func(ctx context.Context, _ *Request) (Answer, error) {
				return Refusal(ctx, problem.New(problem.TooLate, "x")).Repeated(), nil
			},
		},
		{
			Method: "GET", Pattern: "/shows/{show_id}/changes", Operation: "watch", Summary: "Watch", Scope: "shows.read",
			Parameters: byShow{}, Status: 200, Done: "Changes", MediaType: "text/event-stream",
			Stream: func(w http.ResponseWriter, r *Request) error {
				if ParametersOf[byShow](r).Show == "none" {
					return problem.New(problem.NotFound, "no such show")
				}
				w.Header().Set("content-type", "text/event-stream")
				_, err := io.WriteString(w, "event: snapshot\n\n")
				return errors.Join(err, http.NewResponseController(w).Flush(), problem.New(problem.Internal, "it broke off"))
			},
		},
	}
}

var health = Plain{"/livez", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "live") })}

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	m.Run()
}

type call struct {
	method, path, body string
	header             http.Header
	who                *token.Principal
}

func (c call) do() *httptest.ResponseRecorder {
	request := httptest.NewRequest(c.method, "/", strings.NewReader(c.body))
	path, query, _ := strings.Cut(c.path, "?")
	request.URL.Path, request.URL.RawQuery = path, query
	if c.header != nil {
		request.Header = c.header
	} else if c.body != "" {
		request.Header.Set("content-type", JSON)
	}
	who := token.Anybody()
	if c.who != nil {
		who = *c.who
	}
	answer := httptest.NewRecorder()
	New(table(), []Plain{health}, nil).ServeHTTP(answer, request.WithContext(token.With(request.Context(), who)))
	return answer
}

const body = `{"name":"gala","price":5}`

func TestARouteIsServed(t *testing.T) {
	answer := call{method: "POST", path: "/shows", body: body}.do()
	if answer.Code != 201 || answer.Body.String() != `{"name":"gala","key":""}` {
		t.Fatalf("%d %s", answer.Code, answer.Body)
	}
	for name, value := range map[string]string{
		"content-type": JSON, "content-length": "24", "etag": `"1"`, "idempotency-replayed": "",
	} {
		if got := answer.Header().Get(name); got != value {
			t.Errorf("%s: %s", name, got)
		}
	}
	answer = call{method: "GET", path: "/shows/gala/seats?block=a&limit=5"}.do()
	if answer.Code != 200 || answer.Body.String() != `{"name":"readSeats","key":"gala"}` {
		t.Errorf("%d %s", answer.Code, answer.Body)
	}
	answer = call{method: "DELETE", path: "/shows/gala?planted=1"}.do() // it reads no query
	if answer.Code != 409 || answer.Header().Get("idempotency-replayed") != "true" ||
		answer.Header().Get("content-type") != problem.MediaType {
		t.Errorf("%d %v %s", answer.Code, answer.Header(), answer.Body)
	}
	answer = call{method: "GET", path: "/shows/gala/changes"}.do()
	if answer.Code != 200 || answer.Body.String() != "event: snapshot\n\n" || !answer.Flushed {
		t.Errorf("%d %s", answer.Code, answer.Body)
	}
	for _, method := range []string{"GET", "HEAD"} {
		if answer = (call{method: method, path: "/livez"}).do(); answer.Code != 200 {
			t.Errorf("%s: %d", method, answer.Code)
		}
	}
}

func TestWhatIsNotServedIsAProblem(t *testing.T) {
	for _, one := range []struct {
		method, path, code, allow string
	}{
		{"GET", "/", "not-found", ""},
		{"GET", "", "not-found", ""},
		{"GET", "//", "not-found", ""},
		{"POST", "/shows/", "not-found", ""},
		{"POST", "//shows", "not-found", ""},
		{"POST", "/SHOWS", "not-found", ""},
		{"GET", "/shows//seats", "not-found", ""},
		{"GET", "/shows/a/../b/seats", "not-found", ""},
		{"GET", "/shows/a/seats/", "not-found", ""},
		{"GET", "/../../etc/passwd", "not-found", ""},
		{"GET", "/\x00", "not-found", ""},
		{"GET", "/\xff", "not-found", ""},
		{"GET", "/livez/", "not-found", ""},
		{"PUT", "/shows", "method-not-allowed", "POST"},
		{"OPTIONS", "/shows", "method-not-allowed", "POST"},
		{"HEAD", "/shows/a/seats", "method-not-allowed", "GET"},
		{"POST", "/livez", "method-not-allowed", "GET, HEAD"},
		{"PATCH", "/shows/batch/seats", "method-not-allowed", "GET, POST"},
		{"GET", "/shows/none/changes", "not-found", ""},
	} {
		answer := call{method: one.method, path: one.path}.do()
		if one.method != "HEAD" && codeOf(t, answer) != one.code || answer.Header().Get("allow") != one.allow {
			t.Errorf("%s %q: %d %v %s", one.method, one.path, answer.Code, answer.Header(), answer.Body)
		}
		if answer.Header().Get("location") != "" || answer.Header().Get("content-type") != problem.MediaType {
			t.Errorf("%s %q: %v", one.method, one.path, answer.Header())
		}
	}
}

func TestThePatternWithTheFewestHolesServes(t *testing.T) {
	mux := New(table(), []Plain{health}, nil)
	for path, wanted := range map[string]string{
		"/shows": "/shows", "/shows/batch/seats": "/shows/batch/seats", "/shows/x/seats": "", "/livez": "",
	} {
		if got := mux.Template(httptest.NewRequest("POST", path, nil)); got != wanted {
			t.Errorf("%s is served by %q", path, got)
		}
	}
	answer := call{method: "GET", path: "/shows/batch/seats"}.do()
	if codeOf(t, answer) != "invalid-request" || !strings.Contains(answer.Body.String(), "path.show_id: batch is reserved") {
		t.Errorf("%s", answer.Body)
	}
}

func TestTheOrderOfTheTableDoesNotMatter(t *testing.T) {
	routes := table()
	batch := routes[3]
	batch.Pattern, batch.Operation, batch.Parameters = "/shows/batch", "endAll", nil
	for _, one := range [][]Route{append(routes, batch), append([]Route{batch}, routes...)} {
		mux := New(one, nil, nil)
		if got := mux.Template(httptest.NewRequest("DELETE", "/shows/batch", nil)); got != "/shows/batch" {
			t.Errorf("it is served by %s", got)
		}
	}
}

func TestTheRouteThatServesIsTold(t *testing.T) {
	var told []string
	mux := New(table(), []Plain{health}, func(_ context.Context, pattern string) { told = append(told, pattern) })
	for _, path := range []string{"/shows/a/seats", "/livez", "/nothing"} {
		mux.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", path, nil))
	}
	if strings.Join(told, " ") != "/shows/{show_id}/seats /livez" {
		t.Errorf("told %v", told)
	}
}

func TestWhoWasNotGrantedTheScopeIsRefusedBeforeAnythingIsLookedAt(t *testing.T) {
	for _, granted := range []string{"shows.read", "shows", ""} {
		who := token.NewPrincipal("alice", granted)
		answer := call{method: "POST", path: "/shows", body: "{", who: &who, header: http.Header{}}.do()
		if codeOf(t, answer) != "forbidden" || answer.Header().Get("www-authenticate") == "" {
			t.Errorf("%s: %d %s", granted, answer.Code, answer.Body)
		}
	}
	who := token.NewPrincipal("alice", "shows.write")
	if answer := (call{method: "POST", path: "/shows", body: body, who: &who}).do(); answer.Code != 201 {
		t.Errorf("%d %s", answer.Code, answer.Body)
	}
}

func TestADigestIsOfParametersAndBody(t *testing.T) {
	digest := func(show showID, price int64) []byte {
		return (&Request{Parameters: &byShow{show}, Body: &makeShow{Name: "x", Price: price}}).Digest()
	}
	if !bytes.Equal(digest("a", 1), digest("a", 1)) || bytes.Equal(digest("a", 1), digest("b", 1)) ||
		bytes.Equal(digest("a", 1), digest("a", 2)) {
		t.Error("two payloads are one, or one is two")
	}
}

func TestAnAnswerWithAHeaderLeavesTheOtherAsItWas(t *testing.T) {
	first := Success(200, show{}).With("etag", "1")
	if second := first.With("etag", "2"); first.Header.Get("etag") != "1" || second.Header.Get("etag") != "2" {
		t.Errorf("%v, %v", first.Header, second.Header)
	}
}

func codeOf(t *testing.T, answer *httptest.ResponseRecorder) string {
	t.Helper()
	if answer.Code < 400 {
		return ""
	}
	told, _ := problemOf(t, answer)["code"].(string)
	return told
}

func detailOf(t *testing.T, answer *httptest.ResponseRecorder) string {
	t.Helper()
	told, _ := problemOf(t, answer)["detail"].(string)
	return told
}

func problemOf(t *testing.T, answer *httptest.ResponseRecorder) map[string]any {
	t.Helper()
	var told map[string]any
	if err := json.Unmarshal(answer.Body.Bytes(), &told); err != nil {
		t.Errorf("%d %s: %v", answer.Code, answer.Body, err)
	}
	return told
}
