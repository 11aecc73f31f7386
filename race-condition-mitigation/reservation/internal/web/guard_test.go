package web

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestABodyIsNoHead(t *testing.T) {
	served := start(t, headDeadline(soon))
	slow := served.connect(t)
	slow.send(post("/echo", 4) + "sl")
	served.untilAHeadIsLate(t)
	slow.send("ow")
	slow.answered("slow")
}

func TestABodyThatNobodyWaitsForEndsItsConnection(t *testing.T) {
	for _, some := range []string{"", "some"} {
		c := start(t).connect(t)
		c.send(post("/unread", 9) + some)
		said := c.answer()
		if said.body != "never asked" || !said.closes {
			t.Errorf("it is answered %+v", said)
		}
		c.ended()
	}
}

func TestABodyThatNobodyWaitsForAndThatIsThereEndsNothing(t *testing.T) {
	c := start(t).connect(t)
	c.send(post("/unread", 4) + "body" + post("/unread", 0) + get)
	c.answered("never asked")
	c.answered("never asked")
	c.answered(live)
	c.send(chunked[:len("POST /")] + "unread" + chunked[len("POST /echo"):] + "4\r\nbody\r\n0\r\n\r\n" + get)
	c.answered("never asked")
	c.answered(live)
}

func TestAnAnswerBeginsBeforeABodyThatNobodyReads(t *testing.T) {
	for name, begin := range map[string]func(http.ResponseWriter) error{
		"flushed":        func(w http.ResponseWriter) error { return http.NewResponseController(w).Flush() },
		"its head alone": func(w http.ResponseWriter) error { w.WriteHeader(http.StatusOK); return nil },
		"a part":         func(w http.ResponseWriter) error { _, err := io.WriteString(w, "part"); return err },
	} {
		t.Run(name, func(t *testing.T) {
			release := make(chan struct{})
			c := start(t, served("/early", func(w http.ResponseWriter, _ *http.Request) {
				if err := begin(w); err != nil {
					t.Error(err)
				}
				_ = http.NewResponseController(w.(*unread).ResponseWriter).Flush() // past what is tested
				<-release
			})).connect(t)
			c.send(post("/early", 9))
			if line, err := c.reader.ReadString('\n'); line != "HTTP/1.1 200 OK\r\n" {
				t.Errorf("it says %q, %v", line, err)
			}
			close(release)
		})
	}
}

func TestABodyThatWasReadPastTakesNobodyItsTime(t *testing.T) {
	c := start(t, served("/long", func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).Flush()
		select {
		case <-r.Context().Done():
		case <-time.After(5 * glance):
			_, _ = io.WriteString(w, "whole")
		}
	})).connect(t)
	c.send(post("/long", 4) + "body")
	c.answered("whole")
}

func TestABodyThatStillComesTakesNobodyItsAnswer(t *testing.T) {
	c := start(t).connect(t)
	c.send(post("/unread", 4_000_000))
	sent := make(chan struct{})
	go func() {
		_, _ = io.WriteString(c, strings.Repeat("y", 4_000_000))
		close(sent)
	}()
	c.answered("never asked")
	_ = c.Close()
	<-sent
}

func TestALargeBodyIsNoLargeHead(t *testing.T) {
	c := start(t).connect(t)
	for range 2 {
		c.send(post("/echo", 60_000) + strings.Repeat("y", 60_000) + get)
		c.answered(strings.Repeat("y", 60_000))
		c.answered(live)
	}
}

func TestABodyIsNeverTakenForTheNextRequest(t *testing.T) {
	c := start(t).connect(t)
	c.send(post("/echo", len(get), "connection: upgrade", "upgrade: h2c") + get)
	c.answered(get)
	c.send(get)
	c.answered(live)
}

func headOf(size int) string {
	begin := "GET /livez HTTP/1.1\r\nhost: shop\r\nx: "
	return begin + strings.Repeat("y", size-len(begin)-4) + "\r\n\r\n"
}

func TestAHeadHasSoManyBytesAtMost(t *testing.T) {
	for _, pieces := range []int{1, 7} {
		t.Run(fmt.Sprint(pieces), func(t *testing.T) {
			c := start(t).connect(t)
			send := func(text string) {
				for size := len(text)/pieces + 1; text != ""; text = text[min(size, len(text)):] {
					c.send(text[:min(size, len(text))])
				}
			}
			send(headOf(4096))
			c.answered(live)
			send(headOf(4097))
			c.refused("the request's head may have 4096 bytes")
		})
	}
}

func TestAHeadThatNeverEndsIsRefusedForItsSize(t *testing.T) {
	c := start(t).connect(t)
	c.send("GET /livez HTTP/1.1\r\nx: " + strings.Repeat("y", 20_000))
	c.refused("the request's head may have 4096 bytes")
}

func TestAHeadHasSoManyFieldsAtMost(t *testing.T) {
	c := start(t).connect(t)
	c.send("GET /livez HTTP/1.1\r\nhost: shop\r\n" + strings.Repeat("x: y\r\n", 9) + "\r\n")
	c.answered(live)
	c.send("GET /livez HTTP/1.1\r\nhost: shop\r\n" + strings.Repeat("x: y\r\n", 10) + "\r\n")
	c.refused("the request's head may have 10 fields")
}

func TestATrailerIsBoundedAndNoPartOfTheHead(t *testing.T) {
	served := start(t)
	c := served.connect(t)
	c.send(chunked + "4\r\nbody\r\n0\r\nx-after: seen\r\n\r\n")
	c.answered("body")
	c.send(chunked + "4\r\nbody\r\n0\r\nx: " + strings.Repeat("y", 10_000))
	c.refused("the body cannot be read")
}
