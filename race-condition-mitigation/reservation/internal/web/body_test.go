package web

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

const bodies = "/bounded"

func bounded(deadline time.Duration, reached chan<- struct{}) setting {
	handler := Bodies(10, deadline)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if reached != nil {
			reached <- struct{}{}
		}
		echo(w, r)
	}))
	return served(bodies, handler.ServeHTTP)
}

func chunks(more ...string) string {
	return "POST " + bodies + " HTTP/1.1\r\nhost: shop\r\ntransfer-encoding: chunked\r\n\r\n" + strings.Join(more, "")
}

func TestABodyWithinTheLimitIsRead(t *testing.T) {
	c := start(t, bounded(time.Minute, nil)).connect(t)
	for name, request := range map[string]string{
		"announced": post(bodies, 10) + "0123456789",
		"chunked":   chunks("7\r\n0123456\r\n3\r\n789\r\n0\r\n\r\n"),
	} {
		c.send(request)
		if said := c.answer(); said.status != http.StatusOK || said.body != "0123456789" || said.closes {
			t.Errorf("%s: %+v", name, said)
		}
	}
	c.send(post(bodies, 0))
	c.answered("")
}

func TestABodyOverTheLimitIsRefused(t *testing.T) {
	served := start(t, bounded(time.Minute, nil))
	for name, request := range map[string]string{
		"before it is sent":       post(bodies, 11),
		"before it is asked for":  post(bodies, 11, "expect: 100-continue"),
		"while it is sent":        post(bodies, 4_000_000) + spaces(1000),
		"once it is there":        post(bodies, 11) + "0123456789x",
		"absurd":                  "POST " + bodies + " HTTP/1.1\r\nhost: shop\r\ncontent-length: 999999999999999999\r\n\r\n",
		"once it is over":         chunks("b\r\n0123456789x\r\n"),
		"when one byte more came": chunks("a\r\n0123456789\r\n1\r\nx\r\n"),
	} {
		t.Run(name, func(t *testing.T) {
			c := served.connect(t)
			c.send(request)
			said := c.answer()
			problem := said.problem(t)
			if said.status != 413 || problem["code"] != "payload-too-large" || problem["bytes_max"] != 10.0 || !said.closes {
				t.Errorf("it is answered %+v", said)
			}
			c.ended()
		})
	}
}

func TestABodyThatDoesNotArriveIsRefused(t *testing.T) {
	served := start(t, bounded(soon, nil))
	for name, request := range map[string]string{
		"announced": post(bodies, 10) + "012",
		"chunked":   chunks("7\r\n0123"),
	} {
		t.Run(name, func(t *testing.T) {
			c := served.connect(t)
			c.send(request)
			c.refused("the body did not arrive within 0.3 s")
		})
	}
}

func TestABodyThatIsReadGivesTheConnectionItsTimeBack(t *testing.T) {
	served := start(t, bounded(soon, nil), headDeadline(soon))
	c := served.connect(t)
	c.send(post(bodies, 1) + "x")
	c.answered("x")
	served.untilAHeadIsLate(t)
	c.send(post(bodies, 1) + "y")
	c.answered("y")
}

func TestABodyThatIsNoneIsRefused(t *testing.T) {
	c := start(t, bounded(time.Minute, nil)).connect(t)
	c.send(chunks("what\r\n"))
	c.refused("the body cannot be read")
}

func TestWhoLeavesWithinItsBodyReachesNobody(t *testing.T) {
	reached := make(chan struct{}, 1)
	served := start(t, bounded(time.Minute, reached), observed())
	c := served.connect(t)
	c.send(post(bodies, 10) + "012")
	_ = c.Close()
	series := `trivet_http_request_seconds_count{member="shop",method="POST",route="unmatched",status="499"}`
	until(t, "it is observed", func() bool { return served.metric(t, series) == "1" })
	select {
	case <-reached:
		t.Error("half a body reached the handler")
	default:
	}
}
