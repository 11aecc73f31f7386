package seats_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"trivet/reservation/internal/hold"
	"trivet/reservation/internal/seats"
	"trivet/reservation/internal/testground"
)

// hole is a way to the real Valkey that swallows everything once it is told to, and breaks nothing off.
type hole struct{ silent atomic.Bool }

func (h *hole) Write(into io.Writer, text []byte) (int, error) {
	if h.silent.Load() {
		return len(text), nil
	}
	return into.Write(text)
}

func (h *hole) pass(from io.Reader, into io.WriteCloser) {
	defer func() { _ = into.Close() }()
	text := make([]byte, 4096)
	for {
		count, err := from.Read(text)
		if err != nil {
			return
		}
		if _, err := h.Write(into, text[:count]); err != nil {
			return
		}
	}
}

// dig returns a hole and its address.
func dig(t *testing.T, server string) (*hole, string) {
	t.Helper()
	opened, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = opened.Close() })
	made := &hole{}
	go func() {
		for {
			client, err := opened.Accept()
			if err != nil {
				return
			}
			behind, err := net.Dial("tcp", server)
			if err != nil {
				_ = client.Close()
				return
			}
			go made.pass(client, behind)
			go made.pass(behind, client)
		}
	}()
	return made, opened.Addr().String()
}

// TestASilentServerCostsTheWaitAndNoMore asks for everything over a way that swallows it: each says that nobody knows what
// became of it, while the request itself has all the time in the world.
func TestASilentServerCostsTheWaitAndNoMore(t *testing.T) {
	testground.Link(t) // or it says what is not set
	real, err := url.Parse(os.Getenv(testground.ValkeyVariable))
	if err != nil {
		t.Fatal(err)
	}
	way, address := dig(t, real.Host)
	link, err := seats.NewLink("redis://"+address+"/0", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(link.Close)
	limits := testground.Limits
	limits.Wait = 50 * time.Millisecond
	store, name := seats.New(link, limits), hold.Name{ShowID: testground.Fresh(t), Subject: "alice", ID: "h"}
	if done, err := store.Load(t.Context(), name.ShowID, 1, nil); err != nil || !done {
		t.Fatal(done, err)
	}
	way.silent.Store(true)
	for verb, ask := range map[string]func(context.Context) error{
		"hold": func(ctx context.Context) error {
			_, err := store.Hold(ctx, seats.Asked{Name: name, Seats: []string{"a-1"}, Token: "t", TTL: 1000, Payload: "p"})
			return err
		},
		"release": func(ctx context.Context) error { _, err := store.Release(ctx, name, false); return err },
		"pin":     func(ctx context.Context) error { _, err := store.BeginPin(ctx, name, "t", "o"); return err },
		"look":    func(ctx context.Context) error { _, err := store.Look(ctx, name); return err },
		"map":     func(ctx context.Context) error { _, err := store.States(ctx, name.ShowID, []string{"a-1"}); return err },
		"version": func(ctx context.Context) error { _, err := store.Version(ctx, name.ShowID); return err },
		"epoch":   func(ctx context.Context) error { _, err := store.Epoch(ctx, name.ShowID); return err },
		"pinning": func(ctx context.Context) error { _, err := store.Pinning(ctx, name.ShowID, 0); return err },
		"naive": func(ctx context.Context) error {
			_, err := seats.Naive{Store: store}.Hold(ctx, seats.Asked{Name: name, Seats: []string{"a-1"}, Token: "t", TTL: 1000, Payload: "p"})
			return err
		},
	} {
		t.Run(verb, func(t *testing.T) {
			var away *seats.AwayError
			if err := ask(t.Context()); !errors.As(err, &away) || !away.Sent {
				t.Fatalf("it says %v", err)
			}
		})
	}
}
