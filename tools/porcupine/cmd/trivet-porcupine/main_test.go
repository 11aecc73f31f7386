package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	granted = `{"partition":"s/a","ref":1,"f":"hold","hold":"x","seats":["a"],"grant":1,"outcome":"ok","call_ns":1,"return_ns":2}`
	another = `{"partition":"s/a","ref":2,"f":"hold","hold":"y","seats":["a"],"grant":2,"outcome":"ok","call_ns":3,"return_ns":4}`
)

func write(t *testing.T, lines ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "operations.jsonl")
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTheFirstThatIsIllegalDecides(t *testing.T) {
	picture := filepath.Join(t.TempDir(), "picture.html")
	elsewhere := strings.ReplaceAll(granted, "s/a", "s/b")
	told, err := run(write(t, granted, another, elsewhere), 10*time.Second, picture)
	if err != nil || told.Result != "illegal" || told.Partition != "s/a" || !slices.Equal(told.Witness, []int64{1, 2}) {
		t.Fatal(told, err)
	}
	if _, err := os.Stat(told.Picture); err != nil {
		t.Fatal(err)
	}
}

func TestAllAreChecked(t *testing.T) {
	told, err := run(write(t, granted, strings.ReplaceAll(another, "s/a", "s/b")), 10*time.Second, "")
	if err != nil || told.Result != "ok" || told.Checked != 2 || len(told.Undecided) != 0 {
		t.Fatal(told, err)
	}
}

func TestWhatNobodyCameToIsUndecided(t *testing.T) {
	told, err := run(write(t, granted, strings.ReplaceAll(granted, "s/a", "s/*")), 0, "")
	if err != nil || told.Result != "unknown" || !slices.Contains(told.Undecided, "s/a") {
		t.Fatal(told, err)
	}
	told, err = run(write(t, strings.ReplaceAll(granted, "s/a", "s/*")), 0, "")
	if err != nil || told.Result != "ok" || !slices.Equal(told.Undecided, []string{"s/*"}) {
		t.Fatal(told, err)
	}
}

func TestAFileThatCannotBeRead(t *testing.T) {
	if _, err := run(filepath.Join(t.TempDir(), "none"), time.Second, ""); err == nil {
		t.Error("a file that is not there")
	}
	if _, err := run(write(t, "{"), time.Second, ""); err == nil {
		t.Error("a file that is damaged")
	}
}
