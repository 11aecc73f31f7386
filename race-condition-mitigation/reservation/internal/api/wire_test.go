package api

import (
	"errors"
	"strings"
	"testing"

	"trivet/reservation/internal/problem"
	"trivet/reservation/internal/strictjson"
)

func block(name string, rows, perRow int64) NewBlock {
	return NewBlock{Name: name, UnitPriceMinor: 1, Currency: "EUR", Rows: rows, SeatsPerRow: perRow}
}

func TestAHallIsSoldAsOne(t *testing.T) {
	twice := block("a", 0, 0)
	twice.Rows, twice.SeatsPerRow, twice.Seats = 0, 0, []SeatID{"b-1-1"}
	dollars := block("b", 1, 1)
	dollars.Currency = "USD"
	for name, one := range map[string]struct {
		blocks []NewBlock
		fault  string
	}{
		"one seat":        {[]NewBlock{block("a", 1, 1)}, ""},
		"50,000 seats":    {[]NewBlock{block("a", 50, 1000)}, ""},
		"one seat more":   {[]NewBlock{block("a", 50, 1000), block("b", 1, 1)}, "at most 50000"},
		"two currencies":  {[]NewBlock{block("a", 1, 1), dollars}, "one currency"},
		"a block twice":   {[]NewBlock{block("a", 1, 1), block("a", 2, 2)}, "twice"},
		"a seat twice":    {[]NewBlock{block("b", 1, 1), twice}, "twice"},
		"a name too long": {[]NewBlock{block(strings.Repeat("a", 32), 1, 1)}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, fault := NewShow{Name: "Hamlet", Blocks: one.blocks}.Check()
			if (fault == "") != (one.fault == "") || !strings.Contains(fault, one.fault) {
				t.Errorf("told %q", fault)
			}
		})
	}
}

func TestRowsNameTheirSeats(t *testing.T) {
	if ids := block("a", 2, 2).ids(); strings.Join(ids, " ") != "a-1-1 a-1-2 a-2-1 a-2-2" {
		t.Error(ids)
	}
}

func TestAnETagIsKnownInEveryForm(t *testing.T) {
	for header, is := range map[string]bool{
		`"1.2-0"`: true, `W/"1.2-0"`: true, `"x", "1.2-0"`: true, "*": true, `"1.2-1"`: false, "": false, "1.2-0": false,
	} {
		if knows(header, `"1.2-0"`) != is {
			t.Errorf("%s", header)
		}
	}
}

func TestAnIndefiniteRefusalCountsAsUnknown(t *testing.T) {
	for _, one := range []struct {
		err    error
		word   string
		status int
	}{
		{problem.New(problem.AlreadyHeld, "taken"), "already-held", 409},
		{problem.New(problem.Unavailable, "gone").Definitely(), "unavailable", 503},
		{problem.New(problem.Unavailable, "gone").Indefinite(), "unknown", 0},
		{errors.New("a defect"), "internal", 0},
	} {
		if word, status := outcome(one.err); word != one.word || status != one.status {
			t.Errorf("%v counts as %s %d", one.err, word, status)
		}
	}
}

// FuzzBatch reads whatever a service may send: what is taken is one of the five, whole.
func FuzzBatch(f *testing.F) {
	for _, seed := range []string{
		`{"entries":[{"op":"hold","subject":"a","id":"h","show_id":"s","seats":["a-1"]}]}`,
		`{"entries":[{"op":"release","subject":"a","id":"h","show_id":"s"},{"op":"pin","subject":"a","id":"h","show_id":"s","token":"t","order_id":"o"}]}`,
		`{"entries":[{"op":"steal"}]}`, `{"entries":[null]}`, `{`, ``,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var read BatchIn
		if strictjson.Decode(body, &read) != nil {
			return
		}
		for _, entry := range read.Entries {
			if name := entry.name(); name.ID == "" || name.ShowID == "" || name.Subject == "" || name.ID == "batch" {
				t.Fatalf("%s was taken as %+v", body, name)
			}
		}
	})
}

// FuzzHold reads whatever a browser may send.
func FuzzHold(f *testing.F) {
	f.Add([]byte(`{"id":"h","show_id":"s","seats":["a-1","a-2"],"ttl_ms":1000}`))
	f.Add([]byte(`{"id":"h","show_id":"s","seats":["a-1","a-1"]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var read HoldIn
		if strictjson.Decode(body, &read) != nil {
			return
		}
		for _, word := range append(texts(read.Seats), string(read.ID), string(read.ShowID)) {
			if strings.ContainsAny(word, "|,{} \x00\n") {
				t.Fatalf("%q would be read as something else by a script", word)
			}
		}
	})
}
