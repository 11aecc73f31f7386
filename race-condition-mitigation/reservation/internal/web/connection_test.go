package web

import (
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

const soon = 300 * time.Millisecond

func TestAHeadThatDripsIsRefusedWhileOthersAreServed(t *testing.T) {
	for name, before := range map[string]string{"first": "", "later": get} {
		t.Run(name, func(t *testing.T) {
			served := start(t, headDeadline(soon))
			slow := served.connect(t)
			if before != "" {
				slow.send(before)
				slow.answered(live)
			}
			slow.send("GET /livez HTTP/1.1\r\n")
			come := make(chan struct{})
			go func() { _, _ = slow.reader.Peek(1); close(come) }()
			for late := false; !late; {
				select {
				case <-come:
					late = true
				default:
					if status := served.status(t, "/livez"); status != http.StatusOK {
						t.Errorf("others are answered %d", status)
					}
					_, _ = io.WriteString(slow, "x")
				}
			}
			slow.refused("the request's head did not arrive within 0.3 s")
		})
	}
}

func TestAHeadThatCameWithTheRequestBeforeHasItsDeadlineToo(t *testing.T) {
	slow := start(t, headDeadline(soon)).connect(t)
	slow.send(get + "GET /livez")
	slow.answered(live)
	slow.refused("the request's head did not arrive within 0.3 s")
}

func TestTheFirstByteOfALaterHeadBeginsItsDeadline(t *testing.T) {
	slow := start(t, headDeadline(soon)).connect(t)
	slow.send(get)
	slow.answered(live)
	slow.send("G")
	slow.refused("the request's head did not arrive within 0.3 s")
}

func TestAByteThatCameWhileAnotherRequestWasServedBeginsIt(t *testing.T) {
	served := start(t, headDeadline(soon))
	slow := served.connect(t)
	slow.send(hold)
	<-served.held
	slow.send("G")
	served.status(t, "/livez") // by now it is there
	close(served.release)
	slow.answered("held")
	slow.refused("the request's head did not arrive within 0.3 s")
}

func TestWhoStillSendsReadsWhyItIsRefused(t *testing.T) {
	c := start(t).connect(t)
	c.send("nonsense\r\n\r\n" + strings.Repeat("y", 16_000_000))
	c.refused("cannot be read as HTTP/1.1")
}

func TestASilentConnectionIsClosed(t *testing.T) {
	start(t, headDeadline(soon)).untilAHeadIsLate(t)
}

func TestAnIdleConnectionIsKept(t *testing.T) {
	served := start(t, headDeadline(soon))
	idle := served.connect(t)
	for range 2 {
		idle.send(get)
		idle.answered(live)
		served.untilAHeadIsLate(t)
	}
}

func TestWhatIsNoHTTPIsAnsweredWithAProblem(t *testing.T) {
	served := start(t)
	cases := map[string]struct{ request, detail string }{
		"nonsense":        {"nonsense\r\n\r\n", "cannot be read as HTTP/1.1"},
		"a method":        {"GET\r\n\r\n", "cannot be read as HTTP/1.1"},
		"a later version": {"GET / HTTP/9.9\r\n\r\n", "unsupported protocol version"},
		"HTTP/2":          {"PRI * HTTP/2.0\r\n\r\n", "HTTP/1.1 is spoken here"},
		"TLS":             {"\x16\x03\x01\x02\x00\x01\r\n\r\n", "cannot be read as HTTP/1.1"},
		"no host":         {"GET / HTTP/1.1\r\n\r\n", "missing required Host header"},
		"two hosts":       {"GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n", ""},
		"a broken field":  {"GET / HTTP/1.1\r\nhost: a\r\nno colon\r\n\r\n", "cannot be read as HTTP/1.1"},
		"two lengths":     {"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{} ", ""},
		"no length":       {"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: x\r\n\r\n", ""},
		"another coding":  {"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: gzip\r\n\r\n", "transfer coding"},
		"an expectation":  {post("/echo", 1, "expect: a miracle"), "expects what is not done here"},
	}
	for name, one := range cases {
		t.Run(name, func(t *testing.T) {
			c := served.connect(t)
			c.send(one.request)
			c.refused(one.detail)
		})
	}
	if status := served.status(t, "/livez"); status != http.StatusOK {
		t.Errorf("others are answered %d", status)
	}
}

func TestOptionsOfEverythingIsAnsweredByTheHandler(t *testing.T) {
	served := start(t, func(_ *shop, s *Server, _ *http.ServeMux) {
		s.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	})
	said := served.ask(t, "OPTIONS * HTTP/1.1\r\nhost: shop\r\n\r\n")
	if said.status != http.StatusTeapot || said.header.Get("x-trivet-node") != served.address {
		t.Errorf("it is answered %+v", said)
	}
}

func TestPipelinedRequestsAreAnsweredInTheirOrder(t *testing.T) {
	served := start(t, headDeadline(soon))
	c := served.connect(t)
	c.send(hold + get)
	<-served.held
	served.untilAHeadIsLate(t) // the second is not late while the first is served
	close(served.release)
	c.answered("held")
	c.answered(live)
}

func TestWhatIsNoRequestIsToldAfterWhatIsOwed(t *testing.T) {
	served := start(t)
	c := served.connect(t)
	c.send(hold + get + "nonsense\r\n\r\n" + get)
	<-served.held
	close(served.release)
	c.answered("held")
	c.answered(live)
	c.refused("cannot be read as HTTP/1.1")
}

func TestAnAnswerThatNobodyReadsIsGivenUp(t *testing.T) {
	gone := make(chan error, 1)
	served := start(t,
		func(_ *shop, s *Server, _ *http.ServeMux) { s.Limits.UnreadDeadline = soon },
		served("/large", func(w http.ResponseWriter, _ *http.Request) {
			text := []byte(strings.Repeat("x", 1_000_000))
			var err error
			for err == nil {
				_, err = w.Write(text)
			}
			gone <- err
		}))
	c := served.connect(t)
	c.send("GET /large HTTP/1.1\r\nhost: shop\r\n\r\n")
	if err := <-gone; !os.IsTimeout(err) {
		t.Errorf("it is given up for %v", err)
	}
}

func TestALargeAnswerThatIsReadSlowlyIsWhole(t *testing.T) {
	size := 16_000_000
	served := start(t, served("/large", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat("x", size))
	}))
	said := served.ask(t, "GET /large HTTP/1.1\r\nhost: shop\r\n\r\n")
	if len(said.body) != size {
		t.Errorf("it has %d bytes", len(said.body))
	}
}
