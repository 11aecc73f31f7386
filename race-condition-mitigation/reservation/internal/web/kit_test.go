package web

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// TestMain keeps the log of many servers out of the tests' own.
func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	os.Exit(m.Run())
}

const (
	patience = 20 * time.Second
	get      = "GET /livez HTTP/1.1\r\nhost: shop\r\n\r\n"
	hold     = "GET /hold HTTP/1.1\r\nhost: shop\r\n\r\n"
	chunked  = "POST /echo HTTP/1.1\r\nhost: shop\r\ntransfer-encoding: chunked\r\n\r\n"
	live     = `{"live":true}`
)

// shop is a server on loopback whose limits are tight, and what is done in it.
type shop struct {
	address  string
	signals  chan os.Signal
	ended    chan error
	held     chan struct{} // told of each request that holds
	release  chan struct{} // closed, lets them go
	units    *Units
	registry *prometheus.Registry
}

// setting changes what is served before it is.
type setting func(*shop, *Server, *http.ServeMux)

var tight = Limits{
	HeadDeadline:   time.Minute,
	HeadBytesMax:   4096,
	HeadFieldsMax:  10,
	UnreadDeadline: time.Minute,
	KeepAlive:      time.Hour,
	ConnectionsMax: 2000,
}

func headDeadline(deadline time.Duration) setting {
	return func(_ *shop, s *Server, _ *http.ServeMux) { s.Limits.HeadDeadline = deadline }
}

func served(pattern string, handler http.HandlerFunc) setting {
	return func(_ *shop, _ *Server, mux *http.ServeMux) { mux.HandleFunc(pattern, handler) }
}

func through(middleware func(*shop) Middleware) setting {
	return func(made *shop, s *Server, _ *http.ServeMux) { s.Handler = middleware(made)(s.Handler) }
}

func observed() setting {
	return through(func(made *shop) Middleware { return Metrics("shop", made.registry) })
}

func start(t *testing.T, settings ...setting) *shop {
	t.Helper()
	opened, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	made := &shop{
		address:  opened.Addr().String(),
		signals:  make(chan os.Signal, 8),
		ended:    make(chan error, 1),
		held:     make(chan struct{}, 100),
		release:  make(chan struct{}),
		units:    &Units{},
		registry: prometheus.NewRegistry(),
	}
	limits, health, mux := tight, NewHealth(nil, nil), http.NewServeMux()
	mux.HandleFunc("/livez", health.Livez)
	mux.HandleFunc("/readyz", health.Readyz)
	mux.Handle("/metrics", MetricsHandler(made.registry))
	mux.HandleFunc("/hold", func(w http.ResponseWriter, _ *http.Request) {
		made.held <- struct{}{}
		<-made.release
		_, _ = io.WriteString(w, "held")
	})
	mux.Handle("/echo", Bodies(BodyBytesMax, time.Minute)(http.HandlerFunc(echo)))
	mux.HandleFunc("/unread", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "never asked") })
	server := Server{
		Listen:  made.address,
		Handler: mux,
		Health:  health,
		Units:   made.units,
		Drain:   Drain{Timeout: patience},
		Limits:  &limits,
	}
	for _, set := range settings {
		set(made, &server, mux)
	}
	go func() {
		made.ended <- server.serve(opened, made.signals)
		close(made.ended)
	}()
	t.Cleanup(func() {
		select {
		case <-made.release:
		default:
			close(made.release)
		}
		made.told(syscall.SIGTERM)
		<-made.ended
	})
	return made
}

// told sends the server a signal.
func (s *shop) told(signal os.Signal) { s.signals <- signal }

func echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	_, _ = w.Write(append([]byte(r.Header.Get("x-after")), body...))
}

// client is one connection, everything on which is bytes.
type client struct {
	*net.TCPConn
	t      *testing.T
	reader *bufio.Reader
}

func (s *shop) connect(t *testing.T) *client {
	t.Helper()
	opened, err := net.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	_ = opened.SetDeadline(time.Now().Add(patience))
	t.Cleanup(func() { _ = opened.Close() })
	return &client{opened.(*net.TCPConn), t, bufio.NewReader(opened)}
}

func (c *client) send(text string) {
	c.t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		c.t.Fatal(err)
	}
}

// told is an answer that was read whole.
type told struct {
	status int
	header http.Header
	body   string
	closes bool
}

func (o told) problem(t *testing.T) map[string]any {
	t.Helper()
	var said map[string]any
	if o.header.Get("content-type") != "application/problem+json" || json.Unmarshal([]byte(o.body), &said) != nil {
		t.Fatalf("it is no problem: %+v", o)
	}
	if o.header.Get("x-trivet-node") == "" || !strings.Contains(o.header.Get("traceparent"), said["trace_id"].(string)) {
		t.Errorf("it does not name node and trace: %+v", o)
	}
	return said
}

func (c *client) answer() told {
	c.t.Helper()
	response, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return told{response.StatusCode, response.Header, string(body), response.Close}
}

// answered reads one answer with this body.
func (c *client) answered(body string) {
	c.t.Helper()
	if said := c.answer(); said.status != http.StatusOK || said.body != body {
		c.t.Fatalf("it is answered %+v", said)
	}
}

// refused reads a refusal of what cannot be read, and the end of the connection after it.
func (c *client) refused(detail string) {
	c.t.Helper()
	said := c.answer()
	problem := said.problem(c.t)
	if said.status != 400 || problem["code"] != "invalid-request" || problem["definite"] != true {
		c.t.Errorf("it is answered %+v", said)
	}
	if !strings.Contains(problem["detail"].(string), detail) {
		c.t.Errorf("it is told %s", problem["detail"])
	}
	c.ended()
}

// ended reads the end of the connection, before which nothing comes.
func (c *client) ended() {
	c.t.Helper()
	rest, err := io.ReadAll(c.reader)
	if err != nil && !strings.Contains(err.Error(), "reset") || len(rest) > 0 {
		c.t.Errorf("it goes on with %q, %v", rest, err)
	}
}

// ask sends one request on a connection of its own.
func (s *shop) ask(t *testing.T, request string) told {
	t.Helper()
	c := s.connect(t)
	c.send(request)
	return c.answer()
}

func (s *shop) status(t *testing.T, path string) int {
	t.Helper()
	return s.ask(t, "GET "+path+" HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n\r\n").status
}

// untilAHeadIsLate waits for the end of a connection that begins now and on which nothing is sent.
func (s *shop) untilAHeadIsLate(t *testing.T) {
	t.Helper()
	s.connect(t).ended()
}

// until asks again and again until it is so.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	for !holds() {
		select {
		case <-ctx.Done():
			t.Fatalf("waited in vain until %s", what)
		case <-look.C:
		}
	}
}

// metric returns the line of a series, empty if there is none.
func (s *shop) metric(t *testing.T, series string) string {
	t.Helper()
	said := s.ask(t, "GET /metrics HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n\r\n").body
	for line := range strings.Lines(said) {
		if strings.HasPrefix(line, series+" ") {
			return strings.TrimSpace(strings.TrimPrefix(line, series))
		}
	}
	return ""
}

func post(path string, length int, more ...string) string {
	fields := strings.Join(append(more, ""), "\r\n")
	return fmt.Sprintf("POST %s HTTP/1.1\r\nhost: shop\r\ncontent-length: %d\r\n%s\r\n", path, length, fields)
}

func spaces(count int) string { return string(bytes.Repeat([]byte(" "), count)) }
