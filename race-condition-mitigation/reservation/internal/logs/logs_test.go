package logs

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"log"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"trivet/reservation/internal/trace"
)

const patience = 20 * time.Second

// childTask tells a test binary which program of the tests below it is.
const childTask = "LOGS_TEST_TASK"

func TestMain(m *testing.M) {
	task, found := os.LookupEnv(childTask)
	if !found {
		os.Exit(m.Run())
	}
	Configure("shop", "node-1", slog.LevelInfo)
	switch task {
	case "tell":
		position := trace.Position{TraceID: strings.Repeat("a", 32), SpanID: strings.Repeat("b", 16)}
		ctx := trace.With(context.Background(), position)
		slog.DebugContext(ctx, "too fine")
		slog.WarnContext(ctx, "by slog", "seat", "a-1")
		log.Print("by log")
		audit := slog.NewRecord(time.Now(), slog.LevelDebug, "whatever the level", 0)
		audit.Add("n", 1)
		_ = slog.Default().Handler().Handle(ctx, audit)
	case "many":
		for n := range 2000 {
			slog.Info("one", "n", n)
		}
	case "gone":
		_, _ = os.Stdin.Read(make([]byte, 1)) // until the reader is gone
		for n := range 2000 {
			slog.Info("one", "n", n)
		}
	}
	if !Flush(EndDeadline) {
		os.Exit(3)
	}
	os.Exit(0)
}

func child(task string) *exec.Cmd {
	program, err := os.Executable()
	if err != nil {
		panic(err)
	}
	started := exec.Command(program)
	started.Env = append(os.Environ(), childTask+"="+task)
	started.Stderr = os.Stderr
	return started
}

func TestEveryLineIsJSONWithTheNamesOfThePythonServices(t *testing.T) {
	said, err := child("tell").Output()
	if err != nil {
		t.Fatal(err)
	}
	told := objects(t, said)
	wanted := []map[string]any{
		{"level": "warning", "event": "by slog", "seat": "a-1", "trace_id": strings.Repeat("a", 32),
			"span_id": strings.Repeat("b", 16)},
		{"level": "info", "event": "by log"},
		{"level": "debug", "event": "whatever the level", "n": 1.0, "trace_id": strings.Repeat("a", 32),
			"span_id": strings.Repeat("b", 16)},
	}
	if len(told) != len(wanted) {
		t.Fatalf("it told %v", told)
	}
	for i, line := range told {
		at, _ := line["at"].(string)
		if _, err := time.Parse(time.RFC3339Nano, at); err != nil || !strings.HasSuffix(at, "Z") {
			t.Errorf("it is told at %v", line["at"])
		}
		delete(line, "at")
		wanted[i]["member"], wanted[i]["node"] = "shop", "node-1"
		if got, want := encoded(line), encoded(wanted[i]); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestAProgramThatHasToldSomethingEndsWithItWritten(t *testing.T) {
	said, err := child("many").Output()
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range objects(t, said) {
		if line["n"] != float64(i) {
			t.Fatalf("line %d is %v", i, line)
		}
	}
	if count := bytes.Count(said, []byte("\n")); count != 2000 {
		t.Errorf("it told %d lines", count)
	}
}

func TestWhoDoesNotReadAnyMoreEndsNobody(t *testing.T) {
	started := child("gone")
	told, err := started.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	begin, err := started.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := started.Start(); err != nil {
		t.Fatal(err)
	}
	_ = told.Close()
	_ = begin.Close()
	if err := started.Wait(); err != nil {
		t.Errorf("it ended with %v", err)
	}
}

func TestLevels(t *testing.T) {
	for name := range levels {
		level, err := LevelOf(strings.ToUpper(name))
		if err != nil || word(level) != name {
			t.Errorf("%s is %v, %v, told as %s", name, level, err, word(level))
		}
	}
	if _, err := LevelOf("loud"); err == nil {
		t.Error("loud is a level")
	}
}

// textless is what has no text to be told.
type textless struct{}

func (textless) MarshalJSON() ([]byte, error) { panic("no text") }

func TestWhatCannotBeTextFailsNobody(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(newHandler(&out, slog.LevelInfo, "shop", "node-1"))
	log.Info("moved", "odd", textless{}, "fn", func() {}, "kept", 1)
	if told := objects(t, out.Bytes()); len(told) != 1 || told[0]["kept"] != 1.0 {
		t.Errorf("it told %s", out.Bytes())
	}
}

// fullPipe is a pipe that takes nothing until it is read.
// readTo returns the numbers that are told up to one, and how many are told to be lost.
func encoded(value any) string {
	text, _ := json.Marshal(value)
	return string(text)
}

func objects(t *testing.T, said []byte) (told []map[string]any) {
	t.Helper()
	scanner := bufio.NewScanner(bytes.NewReader(said))
	for scanner.Scan() {
		var line map[string]any
		if err := json.Unmarshal(scanner.Bytes(), &line); err != nil {
			t.Fatalf("%s: %v", scanner.Bytes(), err)
		}
		told = append(told, line)
	}
	return told
}
