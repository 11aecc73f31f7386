// Package failpoint names moments at which a lab makes a process die, stand still or fail; inert everywhere else.
//
// Which race: a crash or a pause between two effects, after COMMIT and before the reply, say. From outside nobody hits
// that moment twice, so the code names it, failpoint.Reach(ctx, "reservation.pin.after_commit"), and a lab says at
// start what happens there and at which hit:
//
//	TRIVET_FAILPOINTS=reservation.pin.after_commit=kill@3,reservation.hold.before_script=pause:7000
//
// "kill" is SIGKILL to the process itself; "pause:MS" is SIGSTOP, and SIGCONT after so many milliseconds; "error" makes
// Reach return an *Error. Hits of a name are counted in each process from its start, and @1 may be left out. Before
// anything happens one line of JSON goes to stdout: the evidence that the fault took place, and when.
//
// Which race: two requests reach a name at once, both read the same count, and hit 3 takes place twice or never. Why
// this guard: a hit is counted under a lock, so each has a number of its own and an entry acts once; the lock is free
// again before anything happens. If it were lost, a run would be without its fault, or with one more than it asked for.
//
// Source: FreeBSD's fail(9), Kernel Developer's Manual.
package failpoint

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"trivet/reservation/internal/logs"
	"trivet/reservation/internal/trace"
)

// at is a hit of a name.
type at struct {
	name string
	hit  int
}

// plan is what is to happen in this process, and how often each of its names was reached.
type plan struct {
	actions  map[at]action
	counting sync.Mutex
	hits     map[string]int
}

var armed atomic.Pointer[plan]

// Configure arms this process's failpoints from its settings; what was armed before is forgotten. The texts are the
// values of TRIVET_FAILPOINTS and TRIVET_LAB, empty if they are not set; known are the names that the program has.
//
// Without a lab nothing is armed and spec is not even read: a variable that strayed into production neither breaks a
// start nor does anything. In a lab, what is malformed or unknown is an error, *Refused, that lists the known names.
func Configure(spec, lab string, known []string) error {
	armed.Store(nil)
	if lab == "" || spec == "" {
		return nil
	}
	triggers, err := parse(spec, known)
	if err != nil {
		return err
	}
	next := &plan{actions: map[at]action{}, hits: map[string]int{}}
	for _, trigger := range triggers {
		next.actions[trigger.at] = trigger.action
	}
	armed.Store(next)
	return nil
}

// Reach is at a named moment, and does there what a lab asked for, if it did. The error is an *Error that a lab asked
// for: it goes to whoever called, as any other error would.
func Reach(ctx context.Context, name string) error {
	if current := armed.Load(); current != nil {
		return current.reach(ctx, name)
	}
	return nil
}

func (p *plan) reach(ctx context.Context, name string) error {
	p.counting.Lock()
	p.hits[name]++
	here := at{name, p.hits[name]}
	p.counting.Unlock()
	asked, found := p.actions[here]
	if !found {
		return nil
	}
	tell(ctx, here, asked)
	return asked.act(name)
}

// tell writes the evidence, past every buffer and whatever the log level is: the process may not live to flush it.
//
// What was told before is written before, so that a lab sees of a process that it kills all that came to pass in it.
func tell(ctx context.Context, here at, asked action) {
	var now unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &now) // the clock of the lab, which is another process
	line, err := json.Marshal(struct {
		Event       string `json:"event"`
		Name        string `json:"name"`
		Action      string `json:"action"`
		Hit         int    `json:"hit"`
		PID         int    `json:"pid"`
		MonotonicNS int64  `json:"monotonic_ns"`
		TraceID     string `json:"trace_id"`
	}{"failpoint", here.name, asked.String(), here.hit, os.Getpid(), now.Nano(), trace.ID(ctx)})
	if err != nil {
		panic(fmt.Sprintf("the evidence of a failpoint cannot be written: %v", err))
	}
	logs.Flush(logs.EndDeadline)
	_, _ = unix.Write(int(os.Stdout.Fd()), append(line, '\n'))
}
