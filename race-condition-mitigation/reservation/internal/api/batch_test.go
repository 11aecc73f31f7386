package api

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"trivet/reservation/internal/route"
)

// TestADefectIsItsEntrysAlone asks a service that has nothing behind it, so that whoever reaches for it panics.
func TestADefectIsItsEntrysAlone(t *testing.T) {
	empty := &Service{limits: Limits{TTLMS: 1000, Seats: 1}}
	named := who{ID: "h", ShowID: "s", Subject: "alice"}
	entries := []Entry{
		{Hold: &HoldEntry{Op: "hold", who: named, Seats: []SeatID{"a-1"}, TTLMS: 1000}},
		{Hold: &HoldEntry{Op: "hold", who: named, Seats: []SeatID{"a-1", "a-2"}}}, // refused before it reaches for anything
	}
	made, err := empty.batch(context.Background(), &route.Request{Body: &BatchIn{Entries: entries}})
	if err != nil {
		t.Fatal(err)
	}
	var told BatchOut
	if err := json.Unmarshal(made.Body, &told); err != nil {
		t.Fatal(err)
	}
	if len(told.Answers) != 2 || told.Answers[0].Status != 500 || told.Answers[1].Status != 400 {
		t.Errorf("told %s", made.Body)
	}
	if strings.Contains(string(told.Answers[0].Body), "panic") {
		t.Errorf("whoever asked is told %s", told.Answers[0].Body)
	}
}
