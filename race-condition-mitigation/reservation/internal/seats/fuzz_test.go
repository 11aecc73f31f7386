package seats

import (
	"strconv"
	"strings"
	"testing"

	"trivet/reservation/internal/hold"
)

// render writes a claim as the scripts do.
func render(c Claim) string {
	third := c.Token
	if c.State == hold.Refused {
		words := make([]string, len(c.Taken))
		for at, place := range c.Taken {
			words[at] = strconv.Itoa(place)
		}
		return strings.Join([]string{"refused", c.Payload, strings.Join(words, ","), "", "", "", join(c.Seats)}, "|")
	}
	granted, till := number(c.Granted), number(c.Till)
	if c.Granted == 0 && c.Till == 0 {
		granted, till = "", ""
	}
	return strings.Join([]string{string(c.State), c.Payload, third, granted, till, c.OrderID, join(c.Seats)}, "|")
}

// FuzzClaim reads whatever a server may say: it is what it says, or it is refused.
func FuzzClaim(f *testing.F) {
	for _, seed := range []string{
		"held|p|t|1|2||a-1,a-2", "refused|p|0,1||||a-1,a-2", "released||||||", "pinning|p|t|1|2|o|a-1", "sold|p|t|1|2|o|a-1",
		"", "|", "held", "held|p|t|x|2||a-1", "refused|p|7||||a-1", "refused|p|||||a-1", "free|p|t|1|2||a-1", "held|p|t|1|||",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		found, err := parseClaim(text)
		if err != nil {
			return
		}
		again, err := parseClaim(render(found))
		if err != nil || render(again) != render(found) {
			t.Fatalf("%q is read as %+v, and that as %+v (%v)", text, found, again, err)
		}
		for _, place := range found.Taken {
			_ = found.Seats[place]
		}
	})
}

func TestAnErrorTellsNoToken(t *testing.T) {
	_, err := parseClaim("held|payload|a-secret|1|x||a-1")
	_, other := parseClaim("nonsense|payload|a-secret|1|2||a-1")
	for _, one := range []error{err, other} {
		if one == nil || strings.Contains(one.Error(), "a-secret") {
			t.Errorf("it says %v", one)
		}
	}
}

// FuzzWord tells a script's word from one that no script says.
func FuzzWord(f *testing.F) {
	for _, seed := range []string{"forbidden", "other", "held", "sold", "unknown", "refused", "nonsense", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, word string) {
		found, _, err := reply{word: word}.state()
		if err == nil && string(found.State) != word {
			t.Fatalf("%q became %q", word, found.State)
		}
	})
}
