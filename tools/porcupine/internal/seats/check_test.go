package seats

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
)

// tell makes a history of lines such as "hold a/1 ok 0-10 grant 1": what, of which hold for which order, how it ended,
// and from when to when; "0-" never returned. All are about one seat unless a line names others in brackets.
func tell(t *testing.T, lines ...string) []Operation {
	t.Helper()
	var history []Operation
	for at, line := range lines {
		op := Operation{Ref: int64(at), Seats: []string{"s"}, Outcome: OK}
		words := strings.Fields(line)
		op.F = words[0]
		for _, word := range words[1:] {
			switch {
			case word == OK || word == Refused || word == Unknown:
				op.Outcome = word
			case strings.HasPrefix(word, "g"):
				op.Grant = int32(word[1] - '0')
			case strings.HasPrefix(word, "["):
				op.Seats = strings.Split(strings.Trim(word, "[]"), ",")
			case strings.HasPrefix(word, "="):
				op.State = word[1:]
			case strings.HasPrefix(word, "o"):
				op.Order = word
			case strings.Contains(word, "-"):
				op.CallNS, op.ReturnNS = span(t, word)
			default:
				op.Hold = word
			}
		}
		if err := op.check(); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		history = append(history, op)
	}
	return history
}

func span(t *testing.T, word string) (int64, *int64) {
	t.Helper()
	from, to, _ := strings.Cut(word, "-")
	number := func(text string) int64 {
		var value int64
		for _, digit := range text {
			value = value*10 + int64(digit-'0')
		}
		return value
	}
	if to == "" {
		return number(from), nil
	}
	until := number(to)
	return number(from), &until
}

var right = map[string][]string{
	"nothing happened":                     {},
	"a hold, and another when it is over":  {"hold a g1 0-10", "expire a g1 50-70", "hold b 60-80 g2"},
	"two at once, one is refused":          {"hold a g1 0-10", "hold b refused 0-10"},
	"refused by a hold that ends":          {"hold a g1 0-10", "expire a g1 50-70", "hold b refused 60-65"},
	"released and held again":              {"hold a g1 0-10", "release a 20-30", "hold b g2 25-40"},
	"a release before the hold":            {"release a 0-10", "hold b g1 20-30"},
	"a release beside the hold":            {"release a 0-20", "hold a g1 10-30"},
	"extended beyond its first end":        {"hold a g1 0-10", "extend a g2 40-45", "expire a g1 50-70", "pin a o1 90-95", "expire a g2 100-120"},
	"refused as expired":                   {"hold a g1 0-10", "expire a g1 50-70", "extend a refused 60-80", "pin a o1 refused 75-80"},
	"pinned, and nothing ends it":          {"hold a g1 0-10", "pin a o1 20-30", "expire a g1 50-70", "confirm a o1 90-95"},
	"pinned twice by one order":            {"hold a g1 0-10", "pin a o1 20-30", "pin a o1 40-50"},
	"pinned once more when it is sold":     {"hold a g1 0-10", "confirm a o1 20-30", "pin a o1 40-50", "confirm a o1 60-70"},
	"an order's release":                   {"hold a g1 0-10", "pin a o1 20-30", "undo a o1 40-50", "hold b g2 60-70"},
	"an order's release before its pin":    {"hold a g1 0-10", "undo a o1 20-30", "pin a o2 40-50"},
	"an order's release of what is held":   {"hold a g1 0-10", "undo a o1 20-30", "hold b g2 40-50"},
	"another order's release":              {"hold a g1 0-10", "pin a o1 20-30", "undo a o2 40-50", "confirm a o1 60-70"},
	"an unknown hold that was":             {"hold a g1 unknown 0-", "expire a g1 0-", "hold b refused 20-30"},
	"an unknown hold that was not":         {"hold a g1 unknown 0-", "expire a g1 0-", "hold b g2 20-30", "pin b o1 40-50"},
	"an unknown pin that stands":           {"hold a g1 0-10", "pin a o1 unknown 20-", "expire a g1 50-70", "hold b refused 90-95", "look =pinned 100-110"},
	"an unknown pin that was taken back":   {"hold a g1 0-10", "pin a o1 unknown 20-", "expire a g1 50-70", "hold b refused 90-95", "hold b g2 100-110"},
	"an unknown pin that never was":        {"hold a g1 0-10", "pin a o1 unknown 20-", "expire a g1 50-70", "hold b g2 90-95"},
	"an unknown confirmation of what is":   {"hold a g1 0-10", "pin a o1 20-30", "confirm a o1 unknown 40-", "look =sold 50-60"},
	"an unknown confirmation that was not": {"hold a g1 0-10", "pin a o1 20-30", "confirm a o1 unknown 40-", "undo a o1 45-50", "look =free 60-70"},
	"an unknown release":                   {"hold a g1 0-10", "release a unknown 20-", "hold b g2 40-50"},
	"memory was lost":                      {"hold a g1 0-10", "wipe 20-30", "hold b g2 25-40"},
	"memory was lost, and with it a tomb":  {"release a 0-10", "wipe 20-30", "hold a g1 40-50"},
	"memory was lost, and a pin was not":   {"hold a g1 0-10", "pin a o1 12-15", "wipe 20-30", "hold b refused 40-50", "confirm a o1 60-70"},
	"two seats at one instant":             {"hold a g1 [s,t] 0-10", "hold b refused [t] 20-30", "expire a g1 [s,t] 50-70", "hold b g2 [t] 80-90"},
}

var wrong = map[string][]string{
	"two hold a seat":                         {"hold a g1 0-10", "hold b g2 20-30", "expire a g1 50-70"},
	"two hold a seat, both in flight":         {"hold a g1 0-10", "hold b g2 5-15", "expire a g1 50-70", "expire b g2 55-75"},
	"refused, and it is free":                 {"hold a refused 0-10"},
	"refused by what is over":                 {"hold a g1 0-10", "expire a g1 50-70", "hold b refused 80-90"},
	"refused by itself":                       {"hold a g1 0-10", "hold a refused 20-30"},
	"held after its release":                  {"release a 0-10", "hold a g1 20-30"},
	"pinned after it was over":                {"hold a g1 0-10", "expire a g1 50-70", "pin a o1 80-90"},
	"pinned while another one holds":          {"hold a g1 0-10", "expire a g1 50-70", "hold b g2 60-80", "pin a o1 85-90", "expire b g2 120-140"},
	"confirmed after it was over":             {"hold a g1 0-10", "expire a g1 50-70", "confirm a o1 80-90"},
	"extended after it was over":              {"hold a g1 0-10", "expire a g1 50-70", "extend a g2 80-90"},
	"pinned after its release":                {"hold a g1 0-10", "release a 20-30", "pin a o1 40-50"},
	"pinned by an order after its release":    {"hold a g1 0-10", "undo a o1 20-30", "pin a o1 40-50"},
	"pinned by two orders":                    {"hold a g1 0-10", "pin a o1 20-30", "pin a o2 40-50"},
	"sold to two":                             {"hold a g1 0-10", "confirm a o1 20-30", "hold b g2 40-50", "confirm b o2 60-70"},
	"sold, and granted":                       {"hold a g1 0-10", "confirm a o1 20-30", "hold b g2 40-50"},
	"sold, and granted when memory was lost":  {"hold a g1 0-10", "confirm a o1 20-30", "wipe 32-35", "hold b g2 40-50"},
	"pinned, and granted":                     {"hold a g1 0-10", "pin a o1 20-30", "expire a g1 50-70", "hold b g2 80-90"},
	"pinned, and released by its subject":     {"hold a g1 0-10", "pin a o1 20-30", "release a 40-50"},
	"sold, and released by its order":         {"hold a g1 0-10", "confirm a o1 20-30", "undo a o1 40-50"},
	"refused as expired while it stands":      {"hold a g1 0-10", "pin a o1 refused 20-30", "expire a g1 50-70"},
	"held at rest":                            {"hold a g1 0-10", "expire a g1 50-70", "look =held 80-90"},
	"free at rest, and pinned":                {"hold a g1 0-10", "pin a o1 20-30", "look =free 80-90"},
	"sold at rest, and nobody confirmed":      {"hold a g1 0-10", "pin a o1 20-30", "look =sold 80-90"},
	"granted between two orders of one hold":  {"hold a g1 0-10", "hold b g2 12-15", "pin a o1 20-30", "expire a g1 50-70", "expire b g2 50-70"},
	"half of two seats":                       {"hold a g1 [s] 0-10", "hold b g2 [s,t] 20-30", "expire a g1 [s] 50-70"},
	"a memory that was lost too late for it":  {"hold a g1 0-10", "hold b g2 12-15", "wipe 20-30", "expire a g1 50-70"},
	"an unknown pin keeps nothing from a pin": {"hold a g1 0-10", "pin a o1 unknown 20-", "expire a g1 50-70", "hold b g2 80-90", "pin a o1 92-95", "expire b g2 150-160"},
}

func TestWhatARightServiceMayDoHasAnOrder(t *testing.T) {
	for name, lines := range right {
		if verdict := Check(tell(t, lines...), 10*time.Second); verdict.Result != porcupine.Ok {
			t.Errorf("%s: %s", name, verdict.Result)
		}
	}
}

func TestWhatIsWrongHasNone(t *testing.T) {
	for name, lines := range wrong {
		verdict := Check(tell(t, lines...), 10*time.Second)
		if verdict.Result != porcupine.Illegal {
			t.Errorf("%s: %s", name, verdict.Result)
		} else if len(verdict.Witness) == 0 || len(verdict.Witness) > witnessMax {
			t.Errorf("%s: the witness has %d operations", name, len(verdict.Witness))
		}
	}
}

func TestAWitnessEndsWhereTheHistoryBecameWrong(t *testing.T) {
	history := tell(t, "hold a g1 0-10", "release a 20-30", "hold b g2 40-50", "hold c g3 60-70", "release b 80-90",
		"hold d g4 100-110", "expire b g2 200-210", "expire c g3 200-210", "expire d g4 200-210")
	verdict := Check(history, 10*time.Second)
	if verdict.Result != porcupine.Illegal || !slices.Contains(verdict.Witness, 3) || slices.Contains(verdict.Witness, 5) {
		t.Fatalf("%s, witness %v", verdict.Result, verdict.Witness)
	}
}

func TestAPictureIsDrawn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "picture.html")
	verdict := Check(tell(t, "hold a g1 0-10", "hold b g2 20-30", "expire a g1 50-70"), 10*time.Second)
	if err := verdict.Draw(path); err != nil {
		t.Fatal(err)
	}
	drawn, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(drawn), "held by a") {
		t.Fatalf("%v, %d bytes", err, len(drawn))
	}
}

func TestWithoutTimeNothingIsDecided(t *testing.T) {
	// Many who all may or may not have been there, and one who was refused although nobody else asked.
	lines := []string{"hold z refused 0-1"}
	for at := range 40 {
		lines = append(lines, "hold h"+string(rune('A'+at))+" unknown g1 2-", "expire h"+string(rune('A'+at))+" g1 2-")
	}
	lines = append(lines, "look =sold 5-6")
	if verdict := Check(tell(t, lines...), time.Nanosecond); verdict.Result != porcupine.Unknown {
		t.Fatal(verdict.Result)
	}
}

func TestReadingAHistory(t *testing.T) {
	line := `{"partition":"s/a","ref":7,"f":"hold","hold":"a","seats":["a"],"grant":1,"outcome":"ok","call_ns":1,"return_ns":2}`
	partitions, err := Read(strings.NewReader(line + "\n" + strings.ReplaceAll(line, "s/a", "s/b") + "\n" + line + "\n"))
	if err != nil || len(partitions) != 2 || partitions[0].Name != "s/b" || len(partitions[1].Operations) != 2 {
		t.Fatal(partitions, err)
	}
	if never := strings.ReplaceAll(line, `"return_ns":2`, `"return_ns":null`); true {
		partitions, err = Read(strings.NewReader(never))
		if err != nil || partitions[0].Operations[0].Return() != Never {
			t.Fatal(partitions, err)
		}
	}
	for _, broken := range []string{
		`{`,
		strings.ReplaceAll(line, `"hold",`, `"steal",`),
		strings.ReplaceAll(line, `"ok"`, `"perhaps"`),
		strings.ReplaceAll(line, `"return_ns":2`, `"return_ns":0`),
		strings.ReplaceAll(line, `"ref"`, `"reference"`),
		strings.ReplaceAll(line, `"f":"hold"`, `"f":"look"`),
	} {
		if _, err := Read(strings.NewReader(line + "\n" + broken)); err == nil || !strings.Contains(err.Error(), "line 2") {
			t.Errorf("%s: %v", broken, err)
		}
	}
}

// FuzzReading looks for an input on which reading or checking fails otherwise than by saying so.
func FuzzReading(f *testing.F) {
	f.Add([]byte(`{"partition":"p","ref":1,"f":"hold","seats":["a"],"outcome":"ok","call_ns":1,"return_ns":2}`))
	f.Add([]byte(`{"partition":"p","ref":1,"f":"look","seats":["a"],"state":"held","outcome":"ok","call_ns":1,"return_ns":2}`))
	f.Fuzz(func(_ *testing.T, data []byte) {
		partitions, err := Read(strings.NewReader(string(data)))
		if err != nil {
			return
		}
		for _, each := range partitions {
			Check(each.Operations, 50*time.Millisecond)
		}
	})
}
