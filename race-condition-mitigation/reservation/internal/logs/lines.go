// Package logs tells what happens: one JSON object a line on stdout, with the trace id, at nobody's cost.
package logs

import (
	"encoding/json"
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	// LinesMax is how many lines may wait: of an audit log, some four megabytes.
	LinesMax = 10_000
	// EndDeadline is how long the end of a process waits for whoever reads its lines.
	EndDeadline = 2 * time.Second

	// gather is how long the writer rests when it has written all: to wake it for each line costs more than the line.
	gather = 2 * time.Millisecond
	// together are as many bytes as a pipe surely takes in one piece (PIPE_BUF), so that nobody's come in between.
	together = 4096 / 2
)

// waiting is a line, or who wants to know when the lines before were tried.
type waiting struct {
	line []byte
	done chan<- struct{}
}

// Lines are on their way to a file descriptor, each whole and in the order of their handing over.
//
// Which attack, and which accident: what reads stdout stands still, is gone, or its disk is full. A write on the way to
// an answer then blocks the request, or fails one whose COMMIT was made; and whoever sends requests that are refused
// makes as many lines as he likes. Why this guard: a line is put into a queue, which neither waits nor fails, and a
// goroutine of its own writes them; when too many wait already, a line is dropped and counted. One that could not be
// written is counted too, and the next that can be is preceded by "log lines lost" with their count. If the guard is
// lost, a reader that sleeps stops the service, and a seat that was sold is told as a defect.
//
// What it costs: a process that is killed takes the lines along that it had not written yet, those of some
// milliseconds. One that ends in an orderly way calls Flush.
type Lines struct {
	write  func([]byte) (int, error)
	queue  chan waiting
	start  sync.Once
	lost   atomic.Int64
	within bool // of the writer alone: what was written last broke off within a line
}

// NewLines returns lines for a file descriptor, of which so many may wait.
func NewLines(descriptor, linesMax int) *Lines {
	// Past os.File, which ends the process when nobody reads its standard output any more.
	write := func(text []byte) (int, error) { return syscall.Write(descriptor, text) }
	return &Lines{write: write, queue: make(chan waiting, linesMax)}
}

// Put hands a line over, with its end; it is dropped if too many wait. The line is not the caller's any more.
func (l *Lines) Put(line []byte) {
	select {
	case l.queue <- waiting{line: line}:
		l.start.Do(func() { go l.writeForEver() })
	default:
		l.Lose(1)
	}
}

// Lose counts lines that are not written.
func (l *Lines) Lose(count int) { l.lost.Add(int64(count)) }

// Flush waits until everything that was handed over before was tried, and tells whether that was in time.
func (l *Lines) Flush(deadline time.Duration) bool {
	l.start.Do(func() { go l.writeForEver() })
	done := make(chan struct{})
	late := time.NewTimer(deadline)
	defer late.Stop()
	select {
	case l.queue <- waiting{done: done}:
	case <-late.C:
		return false
	}
	select {
	case <-done:
		return true
	case <-late.C:
		return false
	}
}

func (l *Lines) writeForEver() {
	for {
		if l.writeSome() {
			time.Sleep(gather)
		}
	}
}

// writeSome writes what waits, as many lines at once as go together, and tells whether that was all.
func (l *Lines) writeSome() (wasAll bool) {
	var text []byte
	count := 0
	next := <-l.queue
	for next.done == nil && !wasAll {
		text = append(text, next.line...)
		count++
		if len(text) >= together {
			break
		}
		select {
		case next = <-l.queue:
		default:
			wasAll = true
		}
	}
	l.writeLines(text, count)
	if next.done != nil {
		close(next.done)
	}
	return wasAll
}

func (l *Lines) writeLines(text []byte, count int) {
	lost := l.lost.Swap(0)
	if lost > 0 {
		text = append(lostLine(lost), text...)
	}
	if err := l.writeWhole(text); err != nil {
		l.Lose(count + int(lost))
	}
}

// writeWhole writes all of it; after what broke off in the middle, on a line of its own.
func (l *Lines) writeWhole(text []byte) error {
	if l.within && len(text) > 0 {
		text = append([]byte{'\n'}, text...)
	}
	for len(text) > 0 {
		written, err := l.write(text)
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case errors.Is(err, syscall.EAGAIN): // somebody who shares the file has it so
			time.Sleep(gather)
			continue
		case err != nil:
			return err
		}
		if written > 0 {
			l.within = text[written-1] != '\n'
			text = text[written:]
		}
	}
	return nil
}

func lostLine(count int64) []byte {
	told := struct {
		At    string `json:"at"`
		Level string `json:"level"`
		Event string `json:"event"`
		Count int64  `json:"count"`
	}{stamp(time.Now()), "error", "log lines lost", count}
	line, _ := json.Marshal(told)
	return append(line, '\n')
}

var stdout = NewLines(int(os.Stdout.Fd()), LinesMax)

// Flush waits until everything that this process told before was tried, and tells whether that was in time. The last
// thing that a process does, and the first before a failpoint acts.
func Flush(deadline time.Duration) bool { return stdout.Flush(deadline) }
