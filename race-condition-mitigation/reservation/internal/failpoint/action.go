package failpoint

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// Error is what a failpoint fails with: no refusal, but a defect, so that the caller is told 500 and an unknown
// outcome.
type Error struct{ Name string }

func (e *Error) Error() string { return "failpoint " + e.Name }

// action is what happens at a failpoint; its text is how it is spelt.
type action interface {
	fmt.Stringer
	act(name string) error
}

// kill ends the process as a power cut would: nothing deferred runs, no buffer is flushed, every connection is cut.
type kill struct{}

func (kill) String() string { return "kill" }

func (kill) act(string) error {
	if err := unix.Kill(os.Getpid(), unix.SIGKILL); err != nil {
		return fmt.Errorf("a process could not kill itself: %w", err)
	}
	select {} // the signal is on its way
}

// fail fails, as a defect would.
type fail struct{}

func (fail) String() string { return "error" }

func (fail) act(name string) error { return &Error{name} }

// pause stops the whole process, every thread of it, as a suspended machine would.
type pause struct{ ms int }

func (p pause) String() string { return "pause:" + strconv.Itoa(p.ms) }

// act stops, and goes on after so many milliseconds or when somebody else sends SIGCONT.
//
// The signal goes to this thread, which then cannot run on until it was obeyed; all threads stop with it. Sent to the
// process, it may wait for another thread to take it, and this one would meanwhile dismiss the waker.
func (p pause) act(string) error {
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("nobody could wake a process that pauses: %w", err)
	}
	waker := exec.Command(program)
	waker.Args = []string{wakerName, strconv.Itoa(os.Getpid()), strconv.Itoa(p.ms)}
	pipe, err := waker.StdinPipe()
	if err != nil {
		return err
	}
	if err := waker.Start(); err != nil {
		return fmt.Errorf("nobody could wake a process that pauses: %w", err)
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	stopped := unix.Tgkill(os.Getpid(), unix.Gettid(), unix.SIGSTOP)
	_ = pipe.Close()
	_ = waker.Wait()
	return stopped
}

// wakerName is how a program is called that is no service, but wakes one.
const wakerName = "trivet-failpoint-waker"

// init wakes, if that is what this program was started for: there is no other that is surely there.
func init() {
	if len(os.Args) == 3 && os.Args[0] == wakerName {
		wake(os.Args[1], os.Args[2])
		os.Exit(0)
	}
}

// wake wakes its parent after a time, and then again and again until the parent, running, closes the pipe: a SIGCONT
// that overtakes the SIGSTOP would do nothing, and the parent would stand still for ever. A parent that dies closes the
// pipe too, so no signal ever goes to a stranger that got its pid.
func wake(parentPID, afterMS string) {
	parent, _ := strconv.Atoi(parentPID)
	ms, _ := strconv.Atoi(afterMS)
	closed := make(chan struct{})
	go func() {
		_, _ = os.Stdin.Read(make([]byte, 1))
		close(closed)
	}()
	due := time.NewTimer(time.Duration(ms) * time.Millisecond)
	for parent > 1 {
		select {
		case <-closed:
			return
		case <-due.C:
		}
		if os.Getppid() != parent {
			return
		}
		_ = unix.Kill(parent, unix.SIGCONT)
		due.Reset(10 * time.Millisecond)
	}
}
