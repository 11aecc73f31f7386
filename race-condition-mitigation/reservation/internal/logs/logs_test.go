package logs

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"syscall"
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
		Tell(ctx, slog.LevelDebug, "whatever the level", slog.Int("n", 1))
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
func fullPipe(t *testing.T, blocking bool) (read *os.File, descriptor int) {
	t.Helper()
	var ends [2]int
	if err := syscall.Pipe(ends[:]); err != nil {
		t.Fatal(err)
	}
	if err := syscall.SetNonblock(ends[1], true); err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := syscall.Write(ends[1], []byte("\n")); err != nil {
			break
		}
	}
	if err := syscall.SetNonblock(ends[1], !blocking); err != nil {
		t.Fatal(err)
	}
	read = os.NewFile(uintptr(ends[0]), "pipe")
	t.Cleanup(func() { _ = read.Close(); _ = syscall.Close(ends[1]) })
	return read, ends[1]
}

func TestMoreThanMayWaitAreDroppedAndCounted(t *testing.T) {
	for name, blocking := range map[string]bool{"blocking": true, "not blocking": false} {
		t.Run(name, func(t *testing.T) {
			read, descriptor := fullPipe(t, blocking)
			lines := NewLines(descriptor, 5)
			for n := range 100 {
				lines.Put([]byte(encoded(map[string]int{"n": n}) + "\n"))
			}
			numbers, lost := make(chan []int), make(chan int)
			go func() {
				told, gone := readTo(read, 1000)
				numbers <- told
				lost <- gone
			}()
			if !lines.Flush(patience) {
				t.Error("it was not in time")
			}
			lines.Put([]byte(encoded(map[string]int{"n": 1000}) + "\n"))
			told, gone := <-numbers, <-lost
			if kept := len(told) - 1; kept < 5 || kept > 10 || gone != 100-kept {
				t.Errorf("%d were told and %d lost", kept, gone)
			}
			for i := 1; i < len(told); i++ {
				if told[i-1] >= told[i] {
					t.Errorf("the order is %v", told)
				}
			}
		})
	}
}

// readTo returns the numbers that are told up to one, and how many are told to be lost.
func readTo(from io.Reader, last int) (told []int, lost int) {
	scanner := bufio.NewScanner(from)
	for scanner.Scan() {
		var line struct {
			N, Count *int
			Event    string
		}
		if json.Unmarshal(scanner.Bytes(), &line) != nil {
			continue
		}
		if line.Event == "log lines lost" {
			lost += *line.Count
		}
		if line.N != nil {
			told = append(told, *line.N)
			if *line.N == last {
				break
			}
		}
	}
	return told, lost
}

func TestALineThatIsTakenInPiecesComesWhole(t *testing.T) {
	read, descriptor := fullPipe(t, false)
	lines, long := NewLines(descriptor, 10), strings.Repeat("1", 300_000)
	lines.Put([]byte(long + "\n"))
	lines.Put([]byte("2\n"))
	reader := bufio.NewReader(read)
	var said []string
	for len(said) < 2 {
		line, err := reader.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if line = strings.TrimSpace(line); line != "" {
			said = append(said, line)
		}
	}
	if said[0] != long || said[1] != "2" {
		t.Errorf("they are %d and %d bytes", len(said[0]), len(said[1]))
	}
}

func TestALineThatBrokeOffIsEndedBeforeTheNext(t *testing.T) {
	var disk bytes.Buffer
	room := []int{4, 0} // as on a disk that fills within a line, and is emptied after that
	lines := NewLines(0, 10)
	lines.write = func(text []byte) (int, error) {
		if len(room) == 0 {
			return disk.Write(text)
		}
		left := room[0]
		room = room[1:]
		if left == 0 {
			return 0, syscall.ENOSPC
		}
		return disk.Write(text[:left])
	}
	for _, line := range []string{`"never whole"`, `"next"`} {
		lines.Put([]byte(line + "\n"))
		if !lines.Flush(patience) {
			t.Fatal("it was not in time")
		}
	}
	said := strings.Split(strings.TrimSpace(disk.String()), "\n")
	if len(said) != 3 || said[0] != `"nev` || !strings.Contains(said[1], `"count":1}`) || said[2] != `"next"` {
		t.Errorf("it says %q", said)
	}
}

func TestWhoDoesNotReadKeepsNobodyFromTheEnd(t *testing.T) {
	_, descriptor := fullPipe(t, false)
	lines := NewLines(descriptor, 2)
	for range 10 {
		lines.Put([]byte("1\n"))
	}
	if lines.Flush(time.Millisecond) {
		t.Error("what nobody read is told to be written")
	}
}

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
