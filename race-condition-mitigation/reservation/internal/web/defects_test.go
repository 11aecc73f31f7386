package web

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
)

func defects() setting { return through(func(*shop) Middleware { return Defects }) }

func TestADefectIsToldAsOneAndItsPlaceIsLogged(t *testing.T) {
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	served := start(t, served("/defect", func(http.ResponseWriter, *http.Request) {
		panic("the secret of /defect")
	}), defects())
	c := served.connect(t)
	for range 2 { // the connection is kept
		c.send("GET /defect HTTP/1.1\r\nhost: shop\r\n\r\n")
		said := c.answer()
		problem := said.problem(t)
		if said.status != 500 || problem["code"] != "internal" || problem["definite"] != false {
			t.Errorf("it is answered %+v", said)
		}
		if strings.Contains(said.body, "secret") {
			t.Errorf("it is told %s", said.body)
		}
	}
	served.end()
	if !strings.Contains(log.String(), "the secret") || !strings.Contains(log.String(), "defects_test.go") {
		t.Errorf("the log says %s", &log)
	}
}

func TestHalfAnAnswerIsNotEndedAsAWholeOne(t *testing.T) {
	served := start(t, served("/defect", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "half")
		_ = http.NewResponseController(w).Flush()
		panic("within it")
	}), defects())
	c := served.connect(t)
	c.send("GET /defect HTTP/1.1\r\nhost: shop\r\n\r\n")
	response, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(response.Body); err == nil || string(body) != "half" {
		t.Errorf("it reads %q, %v", body, err)
	}
}

func TestWhatIsAbortedOnPurposeIsNoDefect(t *testing.T) {
	abort := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	c := start(t, served("/abort", abort), defects()).connect(t)
	c.send("GET /abort HTTP/1.1\r\nhost: shop\r\n\r\n")
	c.ended()
}
