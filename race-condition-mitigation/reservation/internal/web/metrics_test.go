package web

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestRequestsAreObservedByTemplateMethodAndStatus(t *testing.T) {
	served := start(t,
		served("/seats/{id}", func(w http.ResponseWriter, r *http.Request) {
			Matched(r.Context(), "/seats/{id}")
			w.WriteHeader(http.StatusAccepted)
		}),
		served("/silent", func(http.ResponseWriter, *http.Request) {}),
		served("/hinting", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusEarlyHints)
			_, _ = io.WriteString(w, "all")
		}),
		served("/leaving", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }),
		observed())
	for _, line := range []string{
		"GET /seats/planted-1", "GET /seats/planted-2", "PUT /seats/planted-3", "PLANTED /seats/planted-4",
		"GET /planted?planted=1", "GET /silent", "HEAD /silent", "GET /leaving",
	} {
		c := served.connect(t)
		c.send(line + " HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n\r\n")
		_, _ = io.ReadAll(c)
	}
	said := served.ask(t, "GET /metrics HTTP/1.1\r\nhost: shop\r\n\r\n")
	if !strings.HasPrefix(said.header.Get("content-type"), "text/plain; version=0.0.4") {
		t.Errorf("it is %s", said.header.Get("content-type"))
	}
	if strings.Contains(strings.ToLower(said.body), "planted") {
		t.Errorf("a caller chose a label: %s", said.body)
	}
	for labels, count := range map[string]string{
		`method="GET",route="/seats/{id}",status="202"`:   "2",
		`method="PUT",route="/seats/{id}",status="202"`:   "1",
		`method="other",route="/seats/{id}",status="202"`: "1",
		`method="GET",route="unmatched",status="404"`:     "1",
		`method="GET",route="unmatched",status="200"`:     "1",
		`method="HEAD",route="unmatched",status="200"`:    "1",
		`method="GET",route="unmatched",status="499"`:     "1",
	} {
		if !strings.Contains(said.body, `trivet_http_request_seconds_count{member="shop",`+labels+"} "+count+"\n") {
			t.Errorf("not %s of %s in\n%s", count, labels, said.body)
		}
	}
	for _, line := range []string{
		`trivet_http_requests_in_flight{member="shop"} 1`, `status="202",le="0.0025"}`, `status="202",le="10"}`,
	} {
		if !strings.Contains(said.body, line) {
			t.Errorf("there is no %s in\n%s", line, said.body)
		}
	}
}

func TestAHintIsNoStatus(t *testing.T) {
	served := start(t, served("/hinting", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusEarlyHints)
		_, _ = io.WriteString(w, "all")
	}), observed())
	c := served.connect(t)
	c.send("GET /hinting HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n\r\n")
	_, _ = io.ReadAll(c)
	series := `trivet_http_request_seconds_count{member="shop",method="GET",route="unmatched",status="200"}`
	if count := served.metric(t, series); count != "1" {
		t.Errorf("it is observed %q times as 200", count)
	}
}

func TestMiddlewaresStandInTheirOrder(t *testing.T) {
	var said []string
	named := func(name string) Middleware {
		return func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				said = append(said, name)
				next.ServeHTTP(w, r)
			})
		}
	}
	Chain(http.NotFoundHandler(), named("outer"), named("inner")).ServeHTTP(nowhere{http.Header{}}, &http.Request{})
	if got := strings.Join(said, " "); got != "outer inner" {
		t.Errorf("it is %s", got)
	}
}
