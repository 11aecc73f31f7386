// Command trivet-porcupine says whether what was told of numbered seats is linearizable.
//
// It reads a file of JSON lines, each an operation of a partition (package seats), and prints one JSON object:
//
//	{"result": "ok|illegal|unknown", "checked": 12, "undecided": ["hall/a-1"], "partition": "hall/a-2",
//	 "witness": [1234], "picture": "seats.html"}
//
// It is a pure function of its file but for the picture, which it writes if something is illegal. The smallest partitions
// come first, and the first that is illegal decides; "unknown" is a partition for which the time was too short, and
// those whose name ends with "*" may be undecided without that.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/anishathalye/porcupine"

	"trivet/tools/porcupine/internal/seats"
)

// answer is what is printed.
type answer struct {
	Result    string   `json:"result"`
	Checked   int      `json:"checked"`
	Undecided []string `json:"undecided"`
	Partition string   `json:"partition,omitempty"`
	Witness   []int64  `json:"witness,omitempty"`
	Picture   string   `json:"picture,omitempty"`
}

func main() {
	timeout := flag.Duration("timeout", 20*time.Second, "when to give up")
	picture := flag.String("picture", "", "where to draw what is illegal")
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "usage: trivet-porcupine [-timeout 20s] [-picture FILE.html] OPERATIONS.jsonl")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	told, err := run(flag.Arg(0), *timeout, *picture)
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(told)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "trivet-porcupine:", err)
		os.Exit(1)
	}
}

// run checks every partition until the first that is illegal or the time is over.
func run(path string, timeout time.Duration, picture string) (answer, error) {
	file, err := os.Open(path)
	if err != nil {
		return answer{}, err
	}
	defer file.Close()
	partitions, err := seats.Read(file)
	if err != nil {
		return answer{}, fmt.Errorf("%s: %w", path, err)
	}
	verdicts := check(partitions, time.Now().Add(timeout))
	told := answer{Result: "ok", Undecided: []string{}}
	for at, each := range partitions {
		switch verdict := verdicts[at]; {
		case verdict == nil || verdict.Result == porcupine.Unknown:
			told.Undecided = append(told.Undecided, each.Name)
			if told.Result == "ok" && !strings.HasSuffix(each.Name, "*") {
				told.Result = "unknown"
			}
		case verdict.Result == porcupine.Ok:
			told.Checked++
		case told.Result != "illegal":
			told.Checked++
			told.Result, told.Partition, told.Witness = "illegal", each.Name, verdict.Witness
			if picture != "" && verdict.Draw(picture) == nil {
				told.Picture = picture
			}
		}
	}
	return told, nil
}

// check returns what was found of each partition, nil for one that nobody came to.
func check(partitions []seats.Partition, until time.Time) []*seats.Verdict {
	verdicts := make([]*seats.Verdict, len(partitions))
	var guard sync.Mutex
	next := 0
	take := func() int {
		guard.Lock()
		defer guard.Unlock()
		next++
		return next - 1
	}
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for at := take(); at < len(partitions) && time.Now().Before(until); at = take() {
				verdict := seats.Check(partitions[at].Operations, time.Until(until))
				verdicts[at] = &verdict
				if verdict.Result == porcupine.Illegal {
					guard.Lock()
					next = len(partitions)
					guard.Unlock()
				}
			}
		})
	}
	workers.Wait()
	return verdicts
}
