package bootstrap

import (
	"context"
	"errors"
	"strings"
	"testing"

	"trivet/reservation/internal/ledger"
	"trivet/reservation/internal/settings"
	"trivet/reservation/internal/testground"
)

func settingsOf(t *testing.T, strategy, lab string) *settings.Settings {
	t.Helper()
	environment := map[string]string{
		"TRIVET_RESERVATION_DATABASE_URL": testground.DatabaseURL(t),
		"TRIVET_RESERVATION_VALKEY_URLS":  "redis://127.0.0.1:1/0",
		"TRIVET_RESERVATION_STRATEGY":     strategy,
	}
	if lab != "" {
		environment["TRIVET_LAB"] = lab
	}
	read, err := settings.Load(func(name string) (string, bool) {
		value, there := environment[name]
		return value, there
	})
	if err != nil {
		t.Fatal(err)
	}
	return read
}

func TestOnlyALabStartsWhatSellsTwice(t *testing.T) {
	var refused *settings.Error
	for _, start := range []func(*settings.Settings) error{Serve, func(s *settings.Settings) error { return Migrate(context.Background(), s) }} {
		if err := start(settingsOf(t, "naive", "")); !errors.As(err, &refused) || !strings.Contains(err.Error(), "TRIVET_LAB") {
			t.Errorf("it started, or said %v", err)
		}
	}
}

func TestAStrategyRefusesAnothersDatabase(t *testing.T) {
	guarded, open := settingsOf(t, "setnx", ""), settingsOf(t, "naive", "run-1")
	for _, each := range []*settings.Settings{guarded, open} {
		if err := Migrate(t.Context(), each); err != nil {
			t.Fatal(err)
		}
		if err := Migrate(t.Context(), each); err != nil {
			t.Fatal("the second time", err)
		}
	}
	guarded.DatabaseURL, open.DatabaseURL = open.DatabaseURL, guarded.DatabaseURL
	for _, each := range []*settings.Settings{guarded, open} {
		var wrong *ledger.WrongDatabaseError
		if err := Serve(each); !errors.As(err, &wrong) {
			t.Errorf("%s began on the other's database: %v", each.Strategy, err)
		}
	}
}

func TestADatabaseWithoutTablesIsRefused(t *testing.T) {
	var wrong *ledger.WrongDatabaseError
	if err := Serve(settingsOf(t, "setnx", "")); !errors.As(err, &wrong) {
		t.Errorf("it began: %v", err)
	}
}

func TestTheDocumentNamesEveryRoute(t *testing.T) {
	if paths := Document()["paths"].(map[string]any); len(paths) != 8 {
		t.Errorf("%d paths", len(paths))
	}
}
