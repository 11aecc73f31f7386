package web

import (
	"context"
	"errors"
	"net/http"
	"syscall"
	"testing"
	"time"

	"trivet/reservation/internal/problem"
	"trivet/reservation/internal/trace"
)

// shedding serves so many at once.
func shedding(most int) setting {
	return through(func(made *shop) Middleware { return Shedding(most, OpenPaths, "shop", made.registry) })
}

func (o told) isShed(t *testing.T) bool {
	t.Helper()
	if o.status != http.StatusTooManyRequests {
		return false
	}
	said := o.problem(t)
	return said["code"] == "queue-full" && said["definite"] == true && o.header.Get("Retry-After") == "1"
}

func TestWhoFindsNoPlaceIsTurnedAwayAtOnceAndHealthIsNot(t *testing.T) {
	served := start(t, shedding(1))
	held := served.connect(t)
	held.send(post("/echo", 4, "expect: 100-continue"))
	line, err := held.reader.ReadString('\n')
	if err != nil || line != "HTTP/1.1 100 Continue\r\n" { // it is being served: somebody wants its body
		t.Fatalf("it says %q, %v", line, err)
	}
	_, _ = held.reader.ReadString('\n')
	for name, request := range map[string]string{
		"get":              "GET /unread HTTP/1.1\r\nhost: shop\r\n\r\n",
		"nowhere":          "GET /nowhere HTTP/1.1\r\nhost: shop\r\n\r\n",
		"with its body":    post("/echo", 4) + "body",
		"without its body": post("/echo", 4),
		"not asked for it": post("/echo", 4, "expect: 100-continue"),
	} {
		if said := served.ask(t, request); !said.isShed(t) {
			t.Errorf("%s: it is answered %+v", name, said)
		}
	}
	for _, path := range OpenPaths {
		if status := served.status(t, path); status != http.StatusOK {
			t.Errorf("%s is answered %d", path, status)
		}
	}
	if count := served.metric(t, `trivet_http_requests_shed_total{member="shop"}`); count != "5" {
		t.Errorf("%s were turned away", count)
	}
	held.send("body")
	held.answered("body")
	until(t, "the place is given back", func() bool { return served.status(t, "/unread") == http.StatusOK })
}

func TestAPlaceIsGivenBackHoweverARequestEnds(t *testing.T) {
	served := start(t, shedding(1), served("/defect", func(http.ResponseWriter, *http.Request) {
		panic(http.ErrAbortHandler)
	}))
	c := served.connect(t)
	c.send("GET /defect HTTP/1.1\r\nhost: shop\r\n\r\n")
	c.ended()
	until(t, "the place is given back", func() bool { return served.status(t, "/unread") == http.StatusOK })
}

func TestPlacesAreGivenBackOnce(t *testing.T) {
	two := places{most: 2}
	leave, _ := two.enter()
	if _, entered := two.enter(); !entered {
		t.Error("there is no second place")
	}
	leave()
	leave()
	if _, entered := two.enter(); !entered {
		t.Error("a place was not given back")
	}
	if _, entered := two.enter(); entered {
		t.Error("a place was given back twice")
	}
}

func TestAStreamTakesNobodysPlaceAndEndsWithTheServer(t *testing.T) {
	streams, over := NewStreams(1), make(chan struct{}, 1)
	watch := func(w http.ResponseWriter, r *http.Request) {
		stream, leave, err := streams.Enter(r.Context())
		if err != nil {
			problem.Write(w, r, err)
			return
		}
		if _, bounded := stream.Deadline(); bounded {
			t.Error("a stream has a request's deadline")
		}
		if trace.ID(stream) != trace.ID(r.Context()) {
			t.Error("a stream has not its request's trace")
		}
		_ = http.NewResponseController(w).Flush()
		<-stream.Done()
		leave()
		over <- struct{}{}
	}
	deadline := through(func(made *shop) Middleware { return made.units.Deadline(time.Minute) })
	served := start(t, served("/watch", watch), deadline, shedding(1), observed(), drain(0, time.Hour))
	const request = "GET /watch HTTP/1.1\r\nhost: shop\r\n\r\n"
	watching := func() *client {
		c := served.connect(t)
		c.send(request)
		if line, err := c.reader.ReadString('\n'); err != nil || line != "HTTP/1.1 200 OK\r\n" {
			t.Fatalf("it says %q, %v", line, err)
		}
		return c
	}
	leaving := watching()
	if said := served.ask(t, request); !said.isShed(t) {
		t.Errorf("a second stream is answered %+v", said)
	}
	if status := served.status(t, "/unread"); status != http.StatusOK {
		t.Errorf("beside a stream a request is answered %d", status)
	}
	_ = leaving.Close()
	<-over // who watched is gone, and the place is free
	watching()
	served.told(syscall.SIGTERM)
	<-over
	<-served.ended
}

func TestWithoutAServerAStreamHasItsOwnContext(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	stream, leave, err := NewStreams(1).Enter(ctx)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	<-stream.Done()
	leave()
	if !errors.Is(stream.Err(), context.Canceled) {
		t.Errorf("it ended with %v", stream.Err())
	}
}
