package reserve_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/valkey-io/valkey-go"

	"trivet/reservation/internal/hold"
	"trivet/reservation/internal/ledger"
	"trivet/reservation/internal/problem"
	"trivet/reservation/internal/reserve"
	"trivet/reservation/internal/seats"
	"trivet/reservation/internal/testground"
)

// place is a show with desks on real servers; each desk is as a replica of its own.
type place struct {
	t      *testing.T
	show   string
	store  *seats.Store
	books  *ledger.Database
	client valkey.Client
	desk   *reserve.Desk
}

func newPlace(t *testing.T, ids ...string) *place {
	t.Helper()
	link, books := testground.Link(t), testground.Books(t, true)
	client, err := link.Client()
	if err != nil {
		t.Fatal(err)
	}
	here := &place{t: t, show: testground.Fresh(t), store: seats.New(link, testground.Limits), books: books, client: client}
	here.desk = here.replica(nil)
	if len(ids) == 0 {
		ids = []string{"a-1", "a-2", "a-3", "a-4"}
	}
	show := ledger.Show{ID: here.show, Name: "Hamlet", Currency: "EUR", Blocks: []ledger.Block{{Name: "a", UnitPriceMinor: 4500, Seats: ids}}}
	err = books.Write(t.Context(), nil, func(ctx context.Context, tx pgx.Tx) error {
		_, err := ledger.InsertShow(ctx, tx, show)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return here
}

// replica returns another desk on the same servers, which is struck where reach says.
func (p *place) replica(reach reserve.Failpoint) *reserve.Desk {
	if reach == nil {
		reach = func(context.Context, string) error { return nil }
	}
	return reserve.New(p.store, p.books, reserve.Limits{TTLMS: 60_000, PinningGraceMS: 0}, reach)
}

func (p *place) name(id string) hold.Name { return hold.Name{ShowID: p.show, Subject: "alice", ID: id} }

func (p *place) hold(id string, seats ...string) reserve.Granted {
	p.t.Helper()
	granted, err := p.desk.Hold(p.t.Context(), reserve.Wanted{Name: p.name(id), Seats: seats})
	if err != nil {
		p.t.Fatal(err)
	}
	return granted
}

func (p *place) order(granted reserve.Granted, order string) reserve.Order {
	return reserve.Order{Name: granted.Name, OrderID: order, Token: granted.Token}
}

// states returns every seat that is not free, with its state.
func (p *place) states() string {
	p.t.Helper()
	hall, err := p.desk.Hall(p.t.Context(), p.show)
	if err != nil {
		p.t.Fatal(err)
	}
	if _, err := p.desk.Version(p.t.Context(), p.show); err != nil {
		p.t.Fatal(err)
	}
	block := hall.Show.Blocks[0]
	found, err := p.desk.States(p.t.Context(), p.show, block)
	if err != nil {
		p.t.Fatal(err)
	}
	var words []string
	for at, state := range found {
		if state != seats.Free {
			words = append(words, block.Seats[at]+" "+string(state))
		}
	}
	return strings.Join(words, ", ")
}

// wipe is what a Valkey does that is killed and started again.
func (p *place) wipe() {
	p.t.Helper()
	keys, err := p.client.Do(p.t.Context(), p.client.B().Keys().Pattern("*{"+p.show+"}*").Build()).AsStrSlice()
	if err != nil {
		p.t.Fatal(err)
	}
	if err := p.client.Do(p.t.Context(), p.client.B().Del().Key(keys...).Build()).Error(); err != nil {
		p.t.Fatal(err)
	}
}

// expire ends a hold as its time would.
func (p *place) expire(id string, ids ...string) {
	p.t.Helper()
	claim := fmt.Sprintf("claim:{%s}:5:alice:%s", p.show, id)
	text, err := p.client.Do(p.t.Context(), p.client.B().Get().Key(claim).Build()).ToString()
	if err != nil {
		p.t.Fatal(err)
	}
	parts := strings.Split(text, "|")
	parts[4] = "1"
	commands := valkey.Commands{
		p.client.B().Set().Key(claim).Value(strings.Join(parts, "|")).Build(),
		p.client.B().Zadd().Key("expiries:{"+p.show+"}").ScoreMember().ScoreMember(1, claim).Build(),
	}
	for _, seat := range ids {
		commands = append(commands, p.client.B().Del().Key("hold:{"+p.show+"}:"+seat).Build())
	}
	for _, reply := range p.client.DoMulti(p.t.Context(), commands...) {
		if err := reply.Error(); err != nil {
			p.t.Fatal(err)
		}
	}
}

func code(err error) string {
	var refused *problem.Error
	if errors.As(err, &refused) {
		return refused.Code
	}
	return fmt.Sprint(err)
}

func expectCode(t *testing.T, err error, want string) {
	t.Helper()
	if code(err) != want {
		t.Fatalf("refused with %v, not with %s", err, want)
	}
}

func expect(t *testing.T, got, want any) {
	t.Helper()
	if got != want {
		t.Fatalf("got %v, not %v", got, want)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// forget takes every sale back, as nothing but a test can.
func (p *place) forget() {
	p.t.Helper()
	err := p.books.Write(p.t.Context(), nil, func(ctx context.Context, tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "DELETE FROM settlements"); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, "DELETE FROM taken")
		return err
	})
	if err != nil {
		p.t.Fatal(err)
	}
	p.wipe()
}

// awaitWaiter returns once somebody waits in PostgreSQL for what another has not committed yet.
func (p *place) awaitWaiter() {
	p.t.Helper()
	for waiting := 0; waiting == 0; {
		err := p.books.Write(p.t.Context(), nil, func(ctx context.Context, tx pgx.Tx) error {
			return tx.QueryRow(ctx, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'").Scan(&waiting)
		})
		if err != nil {
			p.t.Error(err)
			return
		}
	}
}
