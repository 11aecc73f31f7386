// Package testground gives tests real servers: a PostgreSQL and a Valkey whose addresses stand in the environment.
package testground

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"trivet/reservation/internal/ledger"
	"trivet/reservation/internal/seats"
)

// The variables that name the servers.
const (
	DatabaseVariable = "TRIVET_TEST_DATABASE_URL"
	ValkeyVariable   = "TRIVET_TEST_VALKEY_URL"
)

// Limits are those of every store that a test uses.
var Limits = seats.Limits{Wait: 2 * time.Second, Lifetime: 900_000, Memory: 1_800_000, Refusal: 60_000}

func need(t testing.TB, variable string) string {
	t.Helper()
	value := os.Getenv(variable)
	if value == "" {
		t.Fatalf("%s is not set: run these tests by pytest, which starts the servers", variable)
	}
	return value
}

// Fresh returns a word that nobody used before.
func Fresh(t testing.TB) string {
	t.Helper()
	var bits [6]byte
	if _, err := rand.Read(bits[:]); err != nil {
		t.Fatal(err)
	}
	return "t-" + hex.EncodeToString(bits[:])
}

// Link returns a way to the real Valkey.
func Link(t testing.TB) *seats.Link {
	t.Helper()
	link, err := seats.NewLink(need(t, ValkeyVariable), 2*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(link.Close)
	return link
}

// DatabaseURL returns a new, empty database.
func DatabaseURL(t testing.TB) string {
	t.Helper()
	address := need(t, DatabaseVariable)
	name := strings.ReplaceAll(Fresh(t), "-", "_")
	admin, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = admin.Close(context.Background()) }()
	if _, err := admin.Exec(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	parts, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	parts.Path = "/" + name
	return parts.String()
}

// Books returns migrated books of a new database.
func Books(t testing.TB, constrained bool) *ledger.Database {
	t.Helper()
	address := DatabaseURL(t)
	if err := ledger.Migrate(t.Context(), address, constrained); err != nil {
		t.Fatal(err)
	}
	return Open(t, address, constrained)
}

// Open returns the books of a migrated database.
func Open(t testing.TB, address string, constrained bool) *ledger.Database {
	t.Helper()
	books, err := ledger.Open(address, ledger.Limits{
		Connections: 8, PoolWait: 5 * time.Second, Statement: 5 * time.Second,
		IdleInTransaction: 5 * time.Second, Commit: 5 * time.Second,
	}, constrained)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(books.Close)
	return books
}
