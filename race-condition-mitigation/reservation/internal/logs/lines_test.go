package logs

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

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
			// Twice as much as the writer takes at once before it stands at the pipe, where it takes no more.
			const count = 2 * together / len(`{"n":10000}`)
			for n := range count {
				lines.Put([]byte(encoded(map[string]int{"n": 10_000 + n}) + "\n"))
			}
			numbers, lost := make(chan []int), make(chan int)
			go func() {
				told, gone := readTo(read, 1_000_000)
				numbers <- told
				lost <- gone
			}()
			if !lines.Flush(patience) {
				t.Error("it was not in time")
			}
			lines.Put([]byte(encoded(map[string]int{"n": 1_000_000}) + "\n"))
			told, gone := <-numbers, <-lost
			if kept := len(told) - 1; kept < 5 || gone == 0 || gone != count-kept {
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
	hasRoom := false // as on a disk that fills within a line, however often it is tried, and is emptied after that
	lines := NewLines(0, 10)
	lines.write = func(text []byte) (int, error) {
		if hasRoom {
			return disk.Write(text)
		}
		if disk.Len() > 0 {
			return 0, syscall.ENOSPC
		}
		return disk.Write(text[:4])
	}
	for _, line := range []string{`"never whole"`, `"never begun"`, `"next"`} {
		hasRoom = line == `"next"`
		lines.Put([]byte(line + "\n"))
		if !lines.Flush(patience) {
			t.Fatal("it was not in time")
		}
	}
	said := strings.Split(strings.TrimSpace(disk.String()), "\n")
	if len(said) != 3 || said[0] != `"nev` || !strings.Contains(said[1], `"count":2}`) || said[2] != `"next"` {
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
