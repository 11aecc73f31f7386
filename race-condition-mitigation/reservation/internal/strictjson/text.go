package strictjson

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// str takes a text; one without an escape is a piece of the body.
func (p *parser) str() (string, error) {
	p.at++
	start := p.at
	var out strings.Builder
	for p.at < len(p.text) {
		switch char := p.text[p.at]; {
		case char == '"':
			p.at++
			return out.String() + p.text[start:p.at-1], nil
		case char < ' ':
			return "", p.noJSON("Invalid control character")
		case char == '\\':
			out.WriteString(p.text[start:p.at])
			if err := p.escape(&out); err != nil {
				return "", err
			}
			start = p.at
		default:
			p.at++
		}
	}
	return "", p.noJSON("Unterminated string")
}

const (
	escapes = `"\/bfnrt`
	escaped = "\"\\/\b\f\n\r\t"
)

func (p *parser) escape(out *strings.Builder) error {
	p.at++
	char := p.peek()
	if i := strings.IndexByte(escapes, char); i >= 0 {
		p.at++
		out.WriteByte(escaped[i])
		return nil
	}
	if char != 'u' {
		return p.noJSON("Invalid \\escape")
	}
	p.at++
	found, ok := p.hex()
	if !ok {
		return p.noJSON("Invalid \\uXXXX escape")
	}
	if utf16.IsSurrogate(found) {
		low := rune(0)
		if strings.HasPrefix(p.text[p.at:], `\u`) {
			p.at += 2
			low, _ = p.hex()
		}
		if found = utf16.DecodeRune(found, low); found == utf8.RuneError {
			return refused("the body has half of a surrogate pair, which is no text")
		}
	}
	if found == 0 {
		return refused("the body has a text with a NUL")
	}
	out.WriteRune(found)
	return nil
}

func (p *parser) hex() (rune, bool) {
	if p.at+4 > len(p.text) {
		return 0, false
	}
	digits := p.text[p.at : p.at+4]
	found, err := strconv.ParseUint(digits, 16, 32)
	if err != nil {
		return 0, false
	}
	p.at += 4
	return rune(found), true
}

// quoted returns a text as JSON writes it, cut where it is longer than anybody reads.
func quoted(text string) string {
	if runes := []rune(text); len(runes) > 100 {
		text = string(runes[:100]) + "…"
	}
	out, err := json.Marshal(text)
	if err != nil {
		panic(fmt.Sprintf("a text cannot be written: %v", err))
	}
	return string(out)
}
