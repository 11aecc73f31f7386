package web

import (
	"bytes"
	"fmt"
	"strings"
)

// faultOf returns what net/http's own refusal says, in a sentence for whoever asked.
func (c *connection) faultOf(refusal []byte) string {
	status, text := 0, ""
	_, _ = fmt.Sscanf(string(refusal), "HTTP/1.1 %d", &status)
	if _, body, found := bytes.Cut(refusal, []byte("\r\n\r\n")); found {
		_, text, _ = strings.Cut(string(body), ": ")
	}
	switch {
	case status == 431:
		return c.limits.tooLarge()
	case status == 417:
		return "the request expects what is not done here"
	case status == 501:
		return "the request's transfer coding is not understood here"
	case text != "":
		return "the request cannot be read: " + text
	}
	return "the request cannot be read as HTTP/1.1"
}

func (l *Limits) tooLarge() string {
	return fmt.Sprintf("the request's head may have %d bytes", l.HeadBytesMax)
}

func (l *Limits) tooMany() string {
	return fmt.Sprintf("the request's head may have %d fields", l.HeadFieldsMax)
}
