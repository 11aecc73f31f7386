package failpoint

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Variable is what a specification is the value of.
const Variable = "TRIVET_FAILPOINTS"

const grammar = "name=kill, name=error or name=pause:MS, each with @HIT if it is not the first, separated by commas"

var entry = regexp.MustCompile(`^([a-z0-9_.]+)=(?:(kill|error)|pause:([1-9][0-9]{0,5}))(?:@([1-9][0-9]{0,5}))?$`)

// trigger is one entry of a specification: at the hit-th time at a name, do something; its text spells it in full.
type trigger struct {
	at
	action action
}

func (t trigger) String() string { return fmt.Sprintf("%s=%s@%d", t.name, t.action, t.hit) }

// Refused is a specification that cannot be right, with a sentence for every fault.
type Refused struct{ Faults []string }

func (r *Refused) Error() string { return strings.Join(r.Faults, "\n") }

// parse returns what a specification asks for, in its order, or a sentence for every entry that is malformed, names
// what is not there, or is there twice.
func parse(spec string, known []string) ([]trigger, error) {
	var triggers []trigger
	var faults []string
	taken := map[at]bool{}
	for part := range strings.SplitSeq(spec, ",") {
		part = strings.TrimSpace(part)
		read, ok := triggerOf(part)
		switch {
		case !ok:
			faults = append(faults, fmt.Sprintf("%s has %q: it must be %s", Variable, part, grammar))
			continue
		case !slices.Contains(known, read.name):
			here := strings.Join(known, ", ")
			if here == "" {
				here = "none"
			}
			faults = append(faults, fmt.Sprintf("%s names %s, which is not here; here are %s", Variable, read.name, here))
		case taken[read.at]:
			faults = append(faults,
				fmt.Sprintf("%s has hit %d of %s twice: one of them must go", Variable, read.hit, read.name))
		}
		taken[read.at] = true
		triggers = append(triggers, read)
	}
	if faults != nil {
		return nil, &Refused{faults}
	}
	return triggers, nil
}

func triggerOf(text string) (trigger, bool) {
	found := entry.FindStringSubmatch(text)
	if found == nil {
		return trigger{}, false
	}
	read := trigger{at: at{name: found[1], hit: 1}, action: kill{}}
	if found[2] == "error" {
		read.action = fail{}
	}
	if found[3] != "" {
		ms, _ := strconv.Atoi(found[3])
		read.action = pause{ms}
	}
	if found[4] != "" {
		read.hit, _ = strconv.Atoi(found[4])
	}
	return read, true
}
