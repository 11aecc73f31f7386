package seats

import (
	"strconv"
	"strings"

	"trivet/reservation/internal/hold"
)

// Every key of a show carries the show's id as its hash tag, so that Redis Cluster keeps them on one node and a script
// may touch them all. A show's id has no brace, so nobody can choose another's tag.

func boot(show string) string     { return "boot:{" + show + "}" }
func loading(show string) string  { return "loading:{" + show + "}" }
func expiries(show string) string { return "expiries:{" + show + "}" }
func pinning(show string) string  { return "pinning:{" + show + "}" }
func changes(show string) string  { return "changes:{" + show + "}" }
func prefix(show string) string   { return "hold:{" + show + "}:" }

// claim is the key of a hold's record. The subject's length stands before it: a subject and an id may both hold colons,
// and two different pairs must never be one key.
func claim(name hold.Name) string {
	return "claim:{" + name.ShowID + "}:" + strconv.Itoa(len(name.Subject)) + ":" + name.Subject + ":" + name.ID
}

// Claim is a hold's record as the scripts keep it.
type Claim struct {
	State   hold.State
	Payload string
	Token   string
	Taken   []int // of a refused one: which of its seats were taken, by their places
	Granted int64 // milliseconds since 1970 on the server's clock
	Till    int64 // the same
	OrderID string
	Seats   []string
}

// TTL returns for how long the hold was last given its seats, from its grant.
func (c Claim) TTL() int64 { return c.Till - c.Granted }

// parseClaim reads `state|payload|token|granted|till|order|seats`; no part can hold the separator.
func parseClaim(text string) (Claim, error) {
	parts := strings.SplitN(text, "|", 7)
	if len(parts) != 7 {
		return Claim{}, &ReplyError{Reply: text}
	}
	found := Claim{State: hold.State(parts[0]), Payload: parts[1], OrderID: parts[5]}
	if parts[6] != "" {
		found.Seats = strings.Split(parts[6], ",")
	}
	switch found.State {
	case hold.Refused:
		err := parsePlaces(parts[2], &found)
		return found, err
	case hold.Held, hold.Expired, hold.Released, hold.Pinning, hold.Pinned, hold.Sold:
		found.Token = parts[2]
		err := parseStamps(parts[3], parts[4], &found)
		return found, err
	default:
		return Claim{}, &ReplyError{Reply: text}
	}
}

func parsePlaces(text string, into *Claim) error {
	for word := range strings.SplitSeq(text, ",") {
		place, err := strconv.Atoi(word)
		if err != nil || place < 0 || place >= len(into.Seats) {
			return &ReplyError{Reply: text}
		}
		into.Taken = append(into.Taken, place)
	}
	return nil
}

func parseStamps(granted, till string, into *Claim) error {
	if granted == "" && till == "" {
		return nil // a tombstone of what never came
	}
	var err error
	if into.Granted, err = strconv.ParseInt(granted, 10, 64); err != nil {
		return &ReplyError{Reply: granted}
	}
	if into.Till, err = strconv.ParseInt(till, 10, 64); err != nil {
		return &ReplyError{Reply: till}
	}
	return nil
}
