package seats_test

import (
	"errors"
	"testing"

	"github.com/valkey-io/valkey-go"

	"trivet/reservation/internal/hold"
	"trivet/reservation/internal/seats"
	"trivet/reservation/internal/testground"
)

func loadedShow(t *testing.T) (*seats.Store, valkey.Client, string) {
	t.Helper()
	link, show := testground.Link(t), testground.Fresh(t)
	client, err := link.Client()
	if err != nil {
		t.Fatal(err)
	}
	store := seats.New(link, testground.Limits)
	if done, err := store.Load(t.Context(), show, 1, nil); err != nil || !done {
		t.Fatalf("not loaded: %v", err)
	}
	return store, client, show
}

func asked(show, id string, ids ...string) seats.Asked {
	return seats.Asked{Name: hold.Name{ShowID: show, Subject: "ann", ID: id}, Seats: ids, Token: "t-" + id, TTL: 60_000, Payload: "p"}
}

func TestAHoldIsToldAsItIsRemembered(t *testing.T) {
	store, _, show := loadedShow(t)
	first, err := store.Hold(t.Context(), asked(show, "one", "a-1", "a-2"))
	if err != nil || first.Again {
		t.Fatalf("%+v, %v", first, err)
	}
	other := asked(show, "one", "a-1", "a-2")
	other.Token = "another"
	again, err := store.Hold(t.Context(), other)
	if err != nil || !again.Again {
		t.Fatalf("%+v, %v", again, err)
	}
	if first.Claim.Token != again.Claim.Token || first.Claim.Granted != again.Claim.Granted || first.Claim.TTL() != again.Claim.TTL() {
		t.Errorf("told %+v, and remembered is %+v", first.Claim, again.Claim)
	}
	looked, err := store.Look(t.Context(), hold.Name{ShowID: show, Subject: "ann", ID: "one"})
	if err != nil || looked.Till != first.Claim.Till || looked.State != hold.Held {
		t.Errorf("%+v, %v", looked, err)
	}
}

func TestWhoFindsASeatTakenIsToldWhichAndHoldsNone(t *testing.T) {
	store, client, show := loadedShow(t)
	if _, err := store.Hold(t.Context(), asked(show, "one", "a-2")); err != nil {
		t.Fatal(err)
	}
	for _, again := range []bool{false, true} {
		refused, err := store.Hold(t.Context(), asked(show, "two", "a-1", "a-2"))
		if err != nil || refused.Again != again || refused.Claim.State != hold.Refused || len(refused.Claim.Taken) != 1 || refused.Claim.Taken[0] != 1 {
			t.Errorf("%+v, %v", refused, err)
		}
	}
	if there, _ := client.Do(t.Context(), client.B().Exists().Key("hold:{"+show+"}:a-1").Build()).AsInt64(); there != 0 {
		t.Error("a part of what was asked for is held")
	}
}

func TestAnEmptyMemoryHoldsAndReleasesNothing(t *testing.T) {
	link, show := testground.Link(t), testground.Fresh(t)
	store := seats.New(link, testground.Limits)
	if _, err := store.Hold(t.Context(), asked(show, "one", "a-1")); !errors.Is(err, seats.ErrUnloaded) {
		t.Error(err)
	}
	if _, err := store.Release(t.Context(), hold.Name{ShowID: show, Subject: "ann", ID: "one"}, true); !errors.Is(err, seats.ErrUnloaded) {
		t.Error(err)
	}
}

func TestASweepCutsTheFeed(t *testing.T) {
	store, client, show := loadedShow(t)
	const changes = 6000
	commands := make(valkey.Commands, changes)
	for place := range commands {
		commands[place] = client.B().Xadd().Key("changes:{"+show+"}").Id("*").FieldValue().FieldValue("held", "a-1").Build()
	}
	for _, reply := range client.DoMulti(t.Context(), commands...) {
		if err := reply.Error(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := store.Reap(t.Context(), show, 10); err != nil {
		t.Fatal(err)
	}
	left, err := client.Do(t.Context(), client.B().Xlen().Key("changes:{"+show+"}").Build()).AsInt64()
	if err != nil || left < 4096 || left >= changes {
		t.Errorf("%d are left: %v", left, err)
	}
}
