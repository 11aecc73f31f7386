package failpoint

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

const (
	before = "shop.order.before_commit"
	after  = "shop.order.after_commit"
	// childSpec tells a test binary that it is the program of the tests below.
	childSpec = "FAILPOINT_TEST_SPEC"
)

var names = []string{before, after}

func TestParse(t *testing.T) {
	cases := map[string]string{
		before + "=kill":                                before + "=kill@1",
		after + "=error@7":                              after + "=error@7",
		before + "=pause:7000@3":                        before + "=pause:7000@3",
		" " + before + "=kill , " + before + "=error@2": before + "=kill@1 " + before + "=error@2",
		before + "=pause:999999@999999":                 before + "=pause:999999@999999",
	}
	for spec, wanted := range cases {
		read, err := parse(spec, names)
		if err != nil {
			t.Errorf("%s: %v", spec, err)
			continue
		}
		spelt := make([]string, len(read))
		for i, trigger := range read {
			spelt[i] = trigger.String()
		}
		if got := strings.Join(spelt, " "); got != wanted {
			t.Errorf("%s is read as %s", spec, got)
		}
	}
}

func TestAMalformedEntryIsToldHowToBeSpelt(t *testing.T) {
	for _, part := range []string{
		"", "kill", "=kill", "x=", "x=die", "x=pause", "x=pause:0", "x=pause:1.5", "x=kill@0", "x=kill@", "x=kill:5",
		"x=pause:1000000", "x=kill@1000000", "X=kill", "x=kill\nx", "x=kill@٣",
	} {
		faults := refusedFor(t, before+"=kill,"+part)
		wanted := fmt.Sprintf("TRIVET_FAILPOINTS has %q: it must be name=kill, name=error or name=pause:MS", part)
		if len(faults) != 1 || !strings.HasPrefix(faults[0], wanted) {
			t.Errorf("%q is refused with %q", part, faults)
		}
	}
}

func TestAnUnknownNameIsToldTheKnownOnesAndAllFaultsComeAtOnce(t *testing.T) {
	faults := refusedFor(t, "shop.order.after_comit=kill,"+after+"=kill,"+after+"=error,what")
	wanted := []string{
		"TRIVET_FAILPOINTS names shop.order.after_comit, which is not here; here are " + before + ", " + after,
		"TRIVET_FAILPOINTS has hit 1 of " + after + " twice: one of them must go",
	}
	if len(faults) != 3 || !slices.Equal(faults[:2], wanted) || !strings.Contains(faults[2], `"what"`) {
		t.Errorf("it is refused with %q", faults)
	}
	if err := Reach(context.Background(), after); err != nil {
		t.Errorf("what was refused acts: %v", err)
	}
	if err := Configure("x=kill", "a-run", nil); err == nil || !strings.HasSuffix(err.Error(), "here are none") {
		t.Errorf("without any name it says %v", err)
	}
}

func FuzzWhatIsReadIsSpeltAndReadAgain(f *testing.F) {
	f.Add(before + "=kill@3," + after + "=pause:7000")
	f.Add("@=,.10-")
	f.Fuzz(func(t *testing.T, spec string) {
		read, err := parse(spec, names)
		if err != nil {
			for _, fault := range err.(*Refused).Faults {
				if !strings.HasPrefix(fault, Variable+" ") {
					t.Errorf("%q is refused with %q", spec, fault)
				}
			}
			return
		}
		spelt := make([]string, len(read))
		for i, trigger := range read {
			spelt[i] = trigger.String()
		}
		again, err := parse(strings.Join(spelt, ","), names)
		if err != nil || !slices.Equal(again, read) {
			t.Errorf("%q is read as %v and then as %v, %v", spec, read, again, err)
		}
	})
}

func TestTheHitsThatWereAskedForActAndNoOther(t *testing.T) {
	arm(t, after+"=error@2,"+after+"=error@4,"+before+"=error@9", "a-run")
	var acted []int
	told := stdoutOf(t, func() {
		for i, name := range []string{after, before, after, after, after, after, before} {
			err := Reach(context.Background(), name)
			if failed := new(Error); errors.As(err, &failed) && failed.Name == after {
				acted = append(acted, i)
			}
		}
	})
	if !slices.Equal(acted, []int{2, 4}) {
		t.Errorf("it acted at %v", acted)
	}
	var hits []int
	for _, line := range told {
		if line.Event != "failpoint" || line.Name != after || line.Action != "error" || line.PID != os.Getpid() {
			t.Errorf("it told %+v", line)
		}
		if line.MonotonicNS <= 0 || line.TraceID != strings.Repeat("0", 32) {
			t.Errorf("it told %+v", line)
		}
		hits = append(hits, line.Hit)
	}
	if !slices.Equal(hits, []int{2, 4}) {
		t.Errorf("it told of %v", hits)
	}
}

func TestWithoutALabNothingIsArmedOrRead(t *testing.T) {
	for _, spec := range []string{after + "=error", "not even a specification", ""} {
		arm(t, after+"=error", "a-run")
		arm(t, spec, "")
		if err := Reach(context.Background(), after); err != nil {
			t.Errorf("%q acts: %v", spec, err)
		}
	}
}

func TestRequestsThatRaceHaveAHitEachAndAnEntryActsOnce(t *testing.T) {
	const racers, times = 8, 50
	var spec []string
	for hit := 1; hit <= racers*times; hit++ {
		spec = append(spec, fmt.Sprintf("%s=error@%d", after, hit))
	}
	arm(t, strings.Join(spec, ","), "a-run")
	told := stdoutOf(t, func() {
		var racing sync.WaitGroup
		for range racers {
			racing.Go(func() {
				for range times {
					if Reach(context.Background(), after) == nil {
						t.Error("a hit did nothing")
					}
				}
			})
		}
		racing.Wait()
	})
	seen := map[int]bool{}
	for _, line := range told {
		seen[line.Hit] = true
	}
	if len(told) != racers*times || len(seen) != racers*times {
		t.Errorf("%d hits were told of, %d different ones", len(told), len(seen))
	}
}

type line struct {
	Event, Name, Action string
	Hit, PID            int
	MonotonicNS         int64  `json:"monotonic_ns"`
	TraceID             string `json:"trace_id"`
}

func lines(t *testing.T, said []byte) (told []line) {
	t.Helper()
	scanner := bufio.NewScanner(bytes.NewReader(said))
	for scanner.Scan() {
		var one line
		if err := json.Unmarshal(scanner.Bytes(), &one); err != nil {
			t.Fatalf("%s: %v", scanner.Bytes(), err)
		}
		told = append(told, one)
	}
	return told
}

func refusedFor(t *testing.T, spec string) []string {
	t.Helper()
	err := Configure(spec, "a-run", names)
	var refused *Refused
	if !errors.As(err, &refused) {
		t.Fatalf("%q is not refused but %v", spec, err)
	}
	return refused.Faults
}

func arm(t *testing.T, spec, lab string) {
	t.Helper()
	if err := Configure(spec, lab, names); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = Configure("", "", nil) })
}

// stdoutOf returns what is told on descriptor 1 meanwhile, past every buffer.
func stdoutOf(t *testing.T, work func()) []line {
	t.Helper()
	file, err := os.CreateTemp(t.TempDir(), "stdout")
	if err != nil {
		t.Fatal(err)
	}
	kept, err := unix.Dup(1)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Dup3(int(file.Fd()), 1, 0); err != nil {
		t.Fatal(err)
	}
	work()
	if err := unix.Dup3(kept, 1, 0); err != nil {
		t.Fatal(err)
	}
	said, err := os.ReadFile(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	return lines(t, said)
}

// onlyChild waits until a process is stopped and returns who is to wake it.
// untilGone waits for the end of a process that is nobody's child here.
func BenchmarkReachInert(b *testing.B) {
	_ = Configure("", "", nil)
	ctx := context.Background()
	for b.Loop() {
		_ = Reach(ctx, after)
	}
}
