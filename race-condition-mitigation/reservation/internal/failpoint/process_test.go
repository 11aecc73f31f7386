package failpoint

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

func TestMain(m *testing.M) {
	if spec, found := os.LookupEnv(childSpec); found {
		if err := Configure(spec, "a-run", names); err != nil {
			panic(err)
		}
		if err := Reach(context.Background(), after); err != nil {
			panic(err)
		}
		if _, err := unix.Wait4(-1, nil, unix.WNOHANG, nil); !errors.Is(err, unix.ECHILD) {
			panic("whoever woke it is still there")
		}
		fmt.Println("went on")
		return
	}
	os.Exit(m.Run())
}

func TestAKilledProcessIsGoneAtOnceAndHasToldWhy(t *testing.T) {
	child := start(t, "kill")
	said, _ := io.ReadAll(child.out)
	_ = child.Wait()
	if status := child.ProcessState.Sys().(syscall.WaitStatus); !status.Signaled() || status.Signal() != unix.SIGKILL {
		t.Errorf("it ended with %v", child.ProcessState)
	}
	told := lines(t, said)
	if len(told) != 1 || told[0].Action != "kill" || told[0].PID != child.Process.Pid {
		t.Errorf("it told %+v", told)
	}
}

func TestAPausedProcessReallyStopsAndGoesOnByItself(t *testing.T) {
	for _, ms := range []string{"1", "300"} {
		child := start(t, "pause:"+ms)
		child.untilStopped(t)
		said, _ := io.ReadAll(child.out)
		if err := child.Wait(); err != nil {
			t.Error(err)
		}
		line, rest, _ := bytes.Cut(said, []byte("\n"))
		if told := lines(t, line); told[0].Action != "pause:"+ms || string(rest) != "went on\n" {
			t.Errorf("it told %+v and then %q", told, rest)
		}
	}
}

func TestAPausedProcessThatIsWokenEarlyGoesOnAndOneThatIsKilledLeavesNobody(t *testing.T) {
	woken, killed := start(t, "pause:600000"), start(t, "pause:600000")
	wakers := []int{woken.onlyChild(t), killed.onlyChild(t)}
	_ = unix.Kill(woken.Process.Pid, unix.SIGCONT)
	_ = killed.Process.Kill()
	if said, _ := io.ReadAll(woken.out); !bytes.HasSuffix(said, []byte("went on\n")) {
		t.Errorf("it says %q", said)
	}
	if said, _ := io.ReadAll(killed.out); bytes.Contains(said, []byte("went on")) {
		t.Errorf("it says %q", said)
	}
	for _, pid := range wakers {
		untilGone(t, pid)
	}
}

type child struct {
	*exec.Cmd
	out io.Reader
}

func start(t *testing.T, asked string) child {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	started := exec.Command(program)
	started.Env = append(os.Environ(), childSpec+"="+after+"="+asked)
	started.Stderr = os.Stderr
	out, err := started.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := started.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = started.Process.Kill() })
	return child{started, out}
}

func (c child) untilStopped(t *testing.T) {
	t.Helper()
	var status unix.WaitStatus
	if _, err := unix.Wait4(c.Process.Pid, &status, unix.WUNTRACED, nil); err != nil || !status.Stopped() {
		t.Fatalf("it is not stopped: %v, %v", status, err)
	}
}

func (c child) onlyChild(t *testing.T) int {
	t.Helper()
	c.untilStopped(t)
	tasks, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", c.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, task := range tasks {
		children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/children", c.Process.Pid, task.Name()))
		var pid int
		if _, err := fmt.Sscan(string(children), &pid); err == nil {
			return pid
		}
	}
	t.Fatal("nobody is there to wake it")
	return 0
}

func untilGone(t *testing.T, pid int) {
	t.Helper()
	fd, err := unix.PidfdOpen(pid, 0)
	if errors.Is(err, unix.ESRCH) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Close(fd) }()
	ready, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 20_000)
	if ready != 1 {
		t.Errorf("process %d is still there: %v", pid, err)
	}
}
