package trace

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

var (
	someTrace = strings.Repeat("a", 32)
	someSpan  = strings.Repeat("1", 16)
)

func TestParse(t *testing.T) {
	cases := map[string]struct {
		value   string
		valid   bool
		sampled bool
	}{
		"sampled":           {"00-" + someTrace + "-" + someSpan + "-01", true, true},
		"not sampled":       {"00-" + someTrace + "-" + someSpan + "-00", true, false},
		"other flags":       {"00-" + someTrace + "-" + someSpan + "-f2", true, false},
		"all flags":         {"00-" + someTrace + "-" + someSpan + "-ff", true, true},
		"a later version":   {"01-" + someTrace + "-" + someSpan + "-01", true, true},
		"later, with more":  {"cc-" + someTrace + "-" + someSpan + "-01-what", true, true},
		"later, glued":      {"cc-" + someTrace + "-" + someSpan + "-01what", false, false},
		"version 00 longer": {"00-" + someTrace + "-" + someSpan + "-01-what", false, false},
		"version ff":        {"ff-" + someTrace + "-" + someSpan + "-01", false, false},
		"upper case":        {"00-" + strings.ToUpper(someTrace) + "-" + someSpan + "-01", false, false},
		"no trace":          {"00-" + noTrace + "-" + someSpan + "-01", false, false},
		"no span":           {"00-" + someTrace + "-" + noSpan + "-01", false, false},
		"short":             {"00-" + someTrace[1:] + "-" + someSpan + "-01", false, false},
		"no digits":         {"00-" + strings.Repeat("g", 32) + "-" + someSpan + "-01", false, false},
		"no dashes":         {"00_" + someTrace + "_" + someSpan + "_01", false, false},
		"flags of one":      {"00-" + someTrace + "-" + someSpan + "-1", false, false},
		"nonsense":          {"nonsense", false, false},
		"empty":             {"", false, false},
	}
	for name, one := range cases {
		t.Run(name, func(t *testing.T) {
			got, valid := Parse(one.value)
			if valid != one.valid || got.Sampled != one.sampled {
				t.Errorf("got %+v, %t", got, valid)
			}
			if valid && (got.TraceID != someTrace || got.SpanID != someSpan) {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func FuzzWhatIsReadCanBePassedOn(f *testing.F) {
	f.Add("00-" + someTrace + "-" + someSpan + "-01")
	f.Add("cc-" + someTrace + "-" + someSpan + "-01-what")
	f.Fuzz(func(t *testing.T, value string) {
		read, valid := Parse(value)
		if !valid {
			return
		}
		again, valid := Parse(read.Traceparent())
		if !valid || again != read {
			t.Errorf("%q is passed on as %q", value, read.Traceparent())
		}
	})
}

func TestOutsideOfARequestThereIsNoTrace(t *testing.T) {
	if ID(context.Background()) != noTrace {
		t.Errorf("it is %s", ID(context.Background()))
	}
}

func TestMiddleware(t *testing.T) {
	given := "00-" + someTrace + "-" + someSpan + "-01"
	cases := map[string]struct {
		headers []string
		kept    bool
	}{
		"none":   {nil, false},
		"one":    {[]string{given}, true},
		"two":    {[]string{given, given}, false},
		"broken": {[]string{"nonsense"}, false},
	}
	for name, one := range cases {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			for _, header := range one.headers {
				r.Header.Add("traceparent", header)
			}
			answer, within := httptest.NewRecorder(), None
			serve := func(_ http.ResponseWriter, r *http.Request) { within = From(r.Context()) }
			Middleware("node-1")(http.HandlerFunc(serve)).ServeHTTP(answer, r)
			if kept := within.TraceID == someTrace; kept != one.kept || within.Sampled != one.kept {
				t.Errorf("within it is %+v", within)
			}
			if within.SpanID == someSpan || within.TraceID == noTrace {
				t.Errorf("the span is not its own: %+v", within)
			}
			if got := answer.Header().Get("traceparent"); got != within.Traceparent() {
				t.Errorf("the answer has %s, the request %s", got, within.Traceparent())
			}
			if got := answer.Header().Get("x-trivet-node"); got != "node-1" {
				t.Errorf("the node is %s", got)
			}
		})
	}
}
