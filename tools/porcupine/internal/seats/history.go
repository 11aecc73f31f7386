package seats

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
)

// Never is when an operation returns of which nobody knows whether it happened.
const Never = math.MaxInt64

// Operation is one line of the input.
//
// Ref names the line of the history that it comes from, for whoever reads the answer; several may have one. Grant is the
// number of a grant or an extension, and of the expiry that belongs to it. A return of null is never.
type Operation struct {
	Partition string   `json:"partition"`
	Ref       int64    `json:"ref"`
	F         string   `json:"f"`
	Hold      string   `json:"hold,omitempty"`
	Order     string   `json:"order,omitempty"`
	Seats     []string `json:"seats"`
	Grant     int32    `json:"grant,omitempty"`
	State     string   `json:"state,omitempty"`
	Outcome   string   `json:"outcome"`
	CallNS    int64    `json:"call_ns"`
	ReturnNS  *int64   `json:"return_ns"`
}

// Return says when an operation was over.
func (op Operation) Return() int64 {
	if op.ReturnNS == nil {
		return Never
	}
	return *op.ReturnNS
}

// Partition is the operations of one seat, or of all seats of a show.
type Partition struct {
	Name       string
	Operations []Operation
}

// Read returns the partitions of an input, the smallest first.
func Read(lines io.Reader) ([]Partition, error) {
	found := map[string]*Partition{}
	decoder := json.NewDecoder(bufio.NewReaderSize(lines, 1<<20))
	decoder.DisallowUnknownFields()
	for number := 1; ; number++ {
		var op Operation
		if err := decoder.Decode(&op); err == io.EOF {
			break
		} else if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		if err := op.check(); err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		if found[op.Partition] == nil {
			found[op.Partition] = &Partition{Name: op.Partition}
		}
		found[op.Partition].Operations = append(found[op.Partition].Operations, op)
	}
	partitions := make([]Partition, 0, len(found))
	for _, each := range found {
		partitions = append(partitions, *each)
	}
	slices.SortFunc(partitions, func(a, b Partition) int {
		if len(a.Operations) != len(b.Operations) {
			return len(a.Operations) - len(b.Operations)
		}
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return partitions, nil
}

func (op Operation) check() error {
	known := []string{Hold, Extend, Pin, Confirm, Release, Undo, Expire, Wipe, Look}
	switch {
	case !slices.Contains(known, op.F):
		return fmt.Errorf("f is %q", op.F)
	case !slices.Contains([]string{OK, Refused, Unknown}, op.Outcome):
		return fmt.Errorf("outcome is %q", op.Outcome)
	case op.F == Look && !slices.Contains(kindNames[:], op.State):
		return fmt.Errorf("state is %q", op.State)
	case op.Return() < op.CallNS:
		return fmt.Errorf("it returns before its call")
	}
	return nil
}
