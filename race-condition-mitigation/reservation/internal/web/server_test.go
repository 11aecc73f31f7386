package web

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"
)

func drain(delay, timeout time.Duration) setting {
	return func(_ *shop, s *Server, _ *http.ServeMux) { s.Drain = Drain{delay, timeout} }
}

func (s *shop) end() {
	s.told(syscall.SIGTERM)
	<-s.ended
}

func TestItIsUnreadyBeforeItStopsListening(t *testing.T) {
	served := start(t, drain(time.Hour, patience))
	if status := served.status(t, "/readyz"); status != http.StatusOK {
		t.Errorf("it begins with %d", status)
	}
	served.told(syscall.SIGTERM)
	until(t, "it is unready", func() bool { return served.status(t, "/readyz") == http.StatusServiceUnavailable })
	if status := served.status(t, "/livez"); status != http.StatusOK {
		t.Errorf("it is not alive but %d", status)
	}
	served.told(syscall.SIGTERM) // enough
	if err := <-served.ended; err != nil {
		t.Error(err)
	}
	if _, err := net.Dial("tcp", served.address); err == nil {
		t.Error("it listens still")
	}
}

func TestTheDelayEndsByItself(t *testing.T) {
	served := start(t, drain(time.Millisecond, patience))
	served.told(syscall.SIGTERM)
	if err := <-served.ended; err != nil {
		t.Error(err)
	}
}

func TestARequestThatWasBegunIsAnsweredAndWhoIsIdleKeepsNobody(t *testing.T) {
	served := start(t)
	c, silent, idle, begun := served.connect(t), served.connect(t), served.connect(t), served.connect(t)
	idle.send(get)
	idle.answered(live)
	begun.send("GET /livez")
	c.send(hold)
	<-served.held
	served.told(syscall.SIGTERM)
	for _, other := range []*client{silent, idle, begun} {
		other.ended()
	}
	select {
	case <-served.ended:
		t.Fatal("it did not wait for a request")
	default:
	}
	close(served.release)
	if said := c.answer(); said.body != "held" || !said.closes {
		t.Errorf("it is answered %+v", said)
	}
	if err := <-served.ended; err != nil {
		t.Error(err)
	}
}

func TestRequestsMayTakeSoLongAndUnitsAsLongAfterThem(t *testing.T) {
	for name, hurry := range map[string]bool{"the time is over": false, "somebody interrupts": true} {
		t.Run(name, func(t *testing.T) {
			timeout := time.Millisecond
			if hurry {
				timeout = time.Hour
			}
			served := start(t, drain(0, timeout), through(func(made *shop) Middleware {
				return made.units.Deadline(time.Hour)
			}))
			c := served.connect(t)
			c.send(hold)
			<-served.held
			served.told(syscall.SIGTERM)
			if hurry {
				served.told(syscall.SIGTERM)
				served.told(syscall.SIGINT)
			}
			c.ended()
			if served.units.Settle(0) {
				t.Error("nobody waits for what was cut off")
			}
			close(served.release)
			<-served.ended
		})
	}
}

func TestWorkThatRunsBesideEndsBeforeWorkInFlightIsSettled(t *testing.T) {
	var mutex sync.Mutex
	var order []string
	note := func(what string) {
		mutex.Lock()
		defer mutex.Unlock()
		order = append(order, what)
	}
	served := start(t, func(made *shop, s *Server, _ *http.ServeMux) {
		s.Background = []func(context.Context) error{
			func(ctx context.Context) error {
				end := made.units.Begin()
				<-ctx.Done()
				note("beside ended")
				go func() { note("settled"); end() }()
				return ctx.Err()
			},
			func(context.Context) error { return errors.New("broken") },
			func(context.Context) error { panic("broken") },
		}
	})
	if status := served.status(t, "/livez"); status != http.StatusOK {
		t.Errorf("what breaks beside it makes it %d", status)
	}
	served.end()
	note("returned")
	if !slices.Equal(order, []string{"beside ended", "settled", "returned"}) {
		t.Errorf("the order is %v", order)
	}
}

func TestWhoGoesAwayDoesNotEndItsWorkAndTheDrainWaitsForIt(t *testing.T) {
	begun, left, finish, ended := make(chan struct{}), make(chan struct{}), make(chan struct{}), make(chan error, 1)
	served := start(t,
		served("/sell", func(_ http.ResponseWriter, r *http.Request) {
			close(begun)
			<-left
			<-finish
			ended <- r.Context().Err()
		}),
		through(func(made *shop) Middleware { return made.units.Deadline(time.Hour) }),
		through(func(*shop) Middleware {
			return func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.URL.Path == "/sell" {
						context.AfterFunc(r.Context(), func() { close(left) })
					}
					next.ServeHTTP(w, r)
				})
			}
		}))
	c := served.connect(t)
	c.send("GET /sell HTTP/1.1\r\nhost: shop\r\n\r\n")
	<-begun
	_ = c.Close()
	<-left
	served.told(syscall.SIGTERM)
	select {
	case <-served.ended:
		t.Error("the drain did not wait")
	default:
	}
	close(finish)
	if err := <-ended; err != nil {
		t.Errorf("the work was ended: %v", err)
	}
	<-served.ended
}

func TestARequestHasSoMuchTime(t *testing.T) {
	served := start(t,
		served("/slow", func(w http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
			_, _ = io.WriteString(w, r.Context().Err().Error())
		}),
		through(func(made *shop) Middleware { return made.units.Deadline(time.Millisecond) }))
	if said := served.ask(t, "GET /slow HTTP/1.1\r\nhost: shop\r\n\r\n"); said.body != "context deadline exceeded" {
		t.Errorf("it is answered %+v", said)
	}
}

func TestUnits(t *testing.T) {
	units := &Units{}
	if !units.Settle(0) {
		t.Error("nothing is in flight and it waits")
	}
	first, second := units.Begin(), units.Begin()
	if units.Settle(time.Millisecond) {
		t.Error("it did not wait for two")
	}
	first()
	first()
	if units.Settle(time.Millisecond) {
		t.Error("it did not wait for one")
	}
	go second()
	if !units.Settle(patience) {
		t.Error("it waits for nobody")
	}
}

func TestASecondServerAtAnAddressSaysSo(t *testing.T) {
	served := start(t)
	other := Server{Listen: served.address, Handler: http.NotFoundHandler(), Health: NewHealth(nil, nil), Units: &Units{}}
	if err := other.Serve(); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("it says %v", err)
	}
}

func TestItEndsAtARealSignal(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	_ = free.Close()
	health, ended := NewHealth(nil, nil), make(chan error, 1)
	server := Server{Listen: address, Handler: http.HandlerFunc(health.Livez), Health: health, Units: &Units{}}
	go func() { ended <- server.Serve() }()
	until(t, "it listens", func() bool {
		opened, err := net.Dial("tcp", address)
		if err == nil {
			_ = opened.Close()
		}
		return err == nil
	})
	if err := syscall.Kill(syscall.Getpid(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
