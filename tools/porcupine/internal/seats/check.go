package seats

import (
	"slices"
	"sort"
	"time"

	"github.com/anishathalye/porcupine"
)

// witnessMax is how many operations a witness has at most.
const witnessMax = 10

// explaining is how long what is illegal is looked at once more, to show less of it.
const explaining = 2 * time.Second

// Verdict is what the check of one partition found.
//
// Witness has the references of the operations that show it: the last ones that could be placed one after the other, and
// then those that could not. They are of the shortest beginning of the history that is illegal by itself.
type Verdict struct {
	Result  porcupine.CheckResult
	Witness []int64
	draw    func(path string) error
}

// Draw writes Porcupine's picture of what was found.
func (v Verdict) Draw(path string) error { return v.draw(path) }

// Check says whether the operations of a partition can be placed one after the other, each between its call and its
// return, so that each ends as it did. It gives up when the time is over.
func Check(operations []Operation, timeout time.Duration) Verdict {
	until := time.Now().Add(timeout)
	specification, history := prepare(operations)
	if result := porcupine.CheckOperationsTimeout(specification, history, timeout); result != porcupine.Illegal {
		return Verdict{Result: result}
	}
	// What is illegal stays so: a part of the time that is left is spent on explaining it.
	shortest := shorten(operations, time.Now().Add(min(explaining, time.Until(until))))
	specification, history = prepare(shortest)
	_, info := porcupine.CheckOperationsVerbose(specification, history, explaining)
	return Verdict{
		Result:  porcupine.Illegal,
		Witness: witness(shortest, info),
		draw:    func(path string) error { return porcupine.VisualizePath(specification, info, path) },
	}
}

// prepare numbers the names of a partition.
func prepare(operations []Operation) (porcupine.Model, []porcupine.Operation) {
	names, numbers := []string{""}, map[string]int32{"": 0}
	number := func(name string) int32 {
		if _, known := numbers[name]; !known {
			numbers[name] = int32(len(names))
			names = append(names, name)
		}
		return numbers[name]
	}
	places := map[string]int{}
	history := make([]porcupine.Operation, 0, len(operations))
	for at, op := range operations {
		in := input{op: op, hold: number(op.Hold), order: number(op.Order)}
		for _, name := range op.Seats {
			if _, known := places[name]; !known {
				places[name] = len(places)
			}
			in.places = append(in.places, places[name])
		}
		history = append(history, porcupine.Operation{ClientId: at, Input: in, Call: op.CallNS, Return: op.Return()})
	}
	lanes(history)
	return model(len(places), names), history
}

// lanes gives operations that do not overlap one line of the picture.
func lanes(history []porcupine.Operation) {
	order := make([]int, len(history))
	for at := range order {
		order[at] = at
	}
	sort.SliceStable(order, func(a, b int) bool { return history[order[a]].Call < history[order[b]].Call })
	var ends []int64
	for _, at := range order {
		lane := slices.IndexFunc(ends, func(end int64) bool { return end < history[at].Call })
		if lane < 0 {
			lane = len(ends)
			ends = append(ends, 0)
		}
		ends[lane] = history[at].Return
		history[at].ClientId = lane
	}
}

// shorten returns the shortest beginning of a history that is illegal, as far as the time allows.
func shorten(operations []Operation, until time.Time) []Operation {
	var ends []int64
	for _, op := range operations {
		if op.Return() != Never {
			ends = append(ends, op.Return())
		}
	}
	slices.Sort(ends)
	ends = slices.Compact(ends)
	least := sort.Search(len(ends), func(at int) bool {
		specification, history := prepare(beginning(operations, ends[at]))
		patience := max(time.Millisecond, min(explaining/4, time.Until(until)))
		return porcupine.CheckOperationsTimeout(specification, history, patience) == porcupine.Illegal
	})
	if least == len(ends) {
		return operations
	}
	return beginning(operations, ends[least])
}

// beginning returns a history as it would be if nobody had looked after an instant: what was not over by then may have
// happened or not, and who only looked is left out.
func beginning(operations []Operation, atNS int64) []Operation {
	var found []Operation
	for _, op := range operations {
		if op.CallNS > atNS {
			continue
		}
		if op.Return() > atNS {
			if op.Outcome == Refused || op.F == Look {
				continue
			}
			if op.Outcome = Unknown; op.F == Expire || op.F == Wipe {
				op.Outcome = OK
			}
			op.ReturnNS = nil
		}
		found = append(found, op)
	}
	return found
}

// witness returns the last operations that could be placed, and those that then could not.
func witness(operations []Operation, info porcupine.LinearizationInfo) []int64 {
	var longest []int
	for _, partition := range info.PartialLinearizations() {
		for _, each := range partition {
			if len(each) > len(longest) {
				longest = each
			}
		}
	}
	placed := map[int]bool{}
	for _, at := range longest {
		placed[at] = true
	}
	var stuck []int
	for at, op := range operations {
		if !placed[at] && op.Return() != Never {
			stuck = append(stuck, at)
		}
	}
	slices.SortFunc(stuck, func(a, b int) int { return compare(operations[a].Return(), operations[b].Return()) })
	stuck = stuck[:min(len(stuck), witnessMax/2)]
	chosen := append(slices.Clone(longest[max(0, len(longest)-(witnessMax-len(stuck))):]), stuck...)
	var refs []int64
	for _, at := range chosen {
		if ref := operations[at].Ref; ref >= 0 && !slices.Contains(refs, ref) {
			refs = append(refs, ref)
		}
	}
	return refs
}

func compare(a, b int64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
