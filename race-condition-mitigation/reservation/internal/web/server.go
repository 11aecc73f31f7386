package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"trivet/reservation/internal/trace"
)

// Drain is how a server ends. It listens for Delay while /readyz already says no, and then for nobody new. Requests may
// take Timeout to end, and units as long after them.
type Drain struct{ Delay, Timeout time.Duration }

// Server is what is served, where, and how it ends.
type Server struct {
	// Listen is host:port, and the node's name in every answer.
	Listen string
	// Handler answers; the trace and the bounds of heads are put around it here.
	Handler http.Handler
	// Health says no at /readyz from the first signal on.
	Health *Health
	// Units are the work that outlives its request; settled after the last connection.
	Units *Units
	Drain Drain
	// Background are works that run for as long as anything is served, and whose context ends then.
	Background []func(context.Context) error
	// Limits are DefaultLimits unless said.
	Limits *Limits
}

// Serve serves HTTP until SIGTERM or SIGINT, then drains, and returns once the work in flight has ended.
//
// A second signal ends the delay of the drain; a SIGINT after that the patience with requests that are being served.
func (s Server) Serve() error {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	defer signal.Stop(signals)
	opened, err := net.Listen("tcp", s.Listen)
	if err != nil {
		return err
	}
	return s.serve(opened, signals)
}

func (s Server) serve(opened net.Listener, signals <-chan os.Signal) error {
	ending, end := context.WithCancel(context.Background())
	defer end()
	endBackground := beside(s.Background)
	served := s.over(ending)
	table := newTable(s.limits().connectionsWithin())
	served.RegisterOnShutdown(table.shutDown)
	failed := make(chan error, 1)
	go func() {
		failed <- served.Serve(&listener{Listener: opened, limits: s.limits(), node: s.Listen, table: table})
	}()
	slog.Info("listening", "address", opened.Addr().String())
	err := s.untilToldTo(signals, failed)
	end()
	if err == nil {
		err = s.finish(served, signals)
	}
	endBackground()
	if !s.Units.Settle(s.Drain.Timeout) {
		slog.Warn("work in flight did not end", "timeout_s", s.Drain.Timeout.Seconds())
	}
	return err
}

func (s Server) limits() *Limits {
	if s.Limits == nil {
		return &DefaultLimits
	}
	return s.Limits
}

// over returns net/http's server with our bounds around it.
func (s Server) over(ending context.Context) *http.Server {
	limits := s.limits()
	traced := trace.Middleware(s.Listen)(heads(s.Handler, limits))
	return &http.Server{
		Handler:                      guard(traced, ending),
		ReadHeaderTimeout:            limits.HeadDeadline,
		IdleTimeout:                  limits.KeepAlive,
		MaxHeaderBytes:               limits.HeadBytesMax,
		DisableGeneralOptionsHandler: true,
		ErrorLog:                     slog.NewLogLogger(slog.Default().Handler(), slog.LevelWarn),
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, connectionKey{}, c)
		},
		ConnState: func(c net.Conn, state http.ConnState) {
			if state == http.StateIdle {
				c.(*connection).rest()
			}
		},
	}
}

// untilToldTo serves until it is to stop listening: at a signal, or the drain's delay after it.
func (s Server) untilToldTo(signals <-chan os.Signal, failed <-chan error) error {
	select {
	case err := <-failed:
		return err
	case told := <-signals:
		slog.Info("draining", "signal", told.String())
		s.Health.Drain()
	}
	if s.Drain.Delay <= 0 {
		return nil
	}
	delay := time.NewTimer(s.Drain.Delay)
	defer delay.Stop()
	select {
	case err := <-failed:
		return err
	case <-delay.C:
	case <-signals:
	}
	return nil
}

// finish waits for the requests that are being served, for as long as they may take.
func (s Server) finish(served *http.Server, signals <-chan os.Signal) error {
	ctx, cancel := context.WithTimeout(context.Background(), s.Drain.Timeout)
	defer cancel()
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case told := <-signals:
				if told == syscall.SIGINT {
					cancel()
				}
			}
		}
	}()
	err := served.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		slog.Warn("requests were cut off", "timeout_s", s.Drain.Timeout.Seconds())
		return served.Close()
	}
	return err
}

// beside runs works until what it returns is called, which waits for their end; one that failed is told of and spoils
// nobody's end.
func beside(works []func(context.Context) error) (end func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	for _, work := range works {
		running.Go(func() {
			defer func() {
				if met := recover(); met != nil {
					slog.Error("background work failed", "error", fmt.Sprintf("panic: %v\n%s", met, debug.Stack()))
				}
			}()
			if err := work(ctx); err != nil && !errors.Is(err, context.Canceled) {
				slog.Error("background work failed", "error", err.Error())
			}
		})
	}
	return func() {
		cancel()
		running.Wait()
	}
}
