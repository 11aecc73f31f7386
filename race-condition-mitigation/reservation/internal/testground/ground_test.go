package testground_test

import (
	"testing"

	"trivet/reservation/internal/testground"
)

func TestEachTestHasBooksOfItsOwn(t *testing.T) {
	first, second := testground.Books(t, true), testground.Books(t, false)
	for _, books := range []interface{ Connections() (int32, int32) }{first, second} {
		if used, _ := books.Connections(); used != 0 {
			t.Errorf("%d connections are in use, and nobody asked", used)
		}
	}
	if one, other := testground.DatabaseURL(t), testground.DatabaseURL(t); one == other {
		t.Error("two tests have one database")
	}
}

func TestNoWordIsDrawnTwice(t *testing.T) {
	if one, other := testground.Fresh(t), testground.Fresh(t); one == other {
		t.Error("it was")
	}
}

func TestTheValkeyAnswers(t *testing.T) {
	if err := testground.Link(t).Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
}
