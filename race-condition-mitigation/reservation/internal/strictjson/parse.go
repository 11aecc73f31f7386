// Package strictjson reads JSON that two readers cannot understand differently, into structs that say what they take.
//
// One declaration, a struct with its tags and the rules of its types, is what a body is held to (Decode), what the
// document says of it (Describe), and what its digest is made of (Digest), so that the three cannot differ.
package strictjson

import (
	"strings"
	"unicode/utf8"

	"trivet/reservation/internal/problem"
)

// depthMax is how deeply a body may be nested: every level costs a frame of the stack.
const depthMax = 64

// member is one name of an object and what stands under it.
type member struct {
	name  string
	value any
}

// object keeps its members in the order in which they came; no name is there twice.
type object []member

func (o object) find(name string) (any, bool) {
	for _, one := range o {
		if one.name == name {
			return one.value, true
		}
	}
	return nil, false
}

// number is the text of a number, so that nothing of it is lost before somebody says what it must be.
type number string

// parser reads one value. What it makes is nil, bool, number, string, []any or object.
type parser struct {
	text string
	at   int
}

// parse returns a body as a tree.
//
// Which attack: two parsers on the way read two different requests, since one takes the last of two equal names and the
// other the first, or one reads NaN, UTF-16 or half a surrogate as something (RFC 8259, sections 4, 8.1 and 8.2). Why
// this guard: whatever is read in more than one way is refused. If it is lost, what one checked the other does.
func parse(body []byte) (any, error) {
	if !utf8.Valid(body) {
		return nil, refused("the body is not UTF-8")
	}
	p := &parser{text: string(body)}
	if strings.HasPrefix(p.text, "\ufeff") {
		return nil, refused("the body begins with a byte order mark, which JSON does not have")
	}
	found, err := p.value(0)
	if err != nil {
		return nil, err
	}
	if p.space(); p.at < len(p.text) {
		return nil, p.noJSON("Extra data")
	}
	return found, nil
}

func refused(format string, args ...any) error {
	return problem.Newf(problem.InvalidRequest, format, args...)
}

func (p *parser) noJSON(what string) error {
	return refused("the body is no JSON: %s at character %d", what, utf8.RuneCountInString(p.text[:p.at]))
}

func (p *parser) space() {
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.at]) >= 0 {
		p.at++
	}
}

// peek returns the next byte, 0 at the end.
func (p *parser) peek() byte {
	if p.at < len(p.text) {
		return p.text[p.at]
	}
	return 0
}

func (p *parser) take(char byte) bool {
	if p.peek() != char {
		return false
	}
	p.at++
	return true
}

func (p *parser) value(depth int) (any, error) {
	if depth > depthMax {
		return nil, refused("the body is nested too deeply")
	}
	p.space()
	switch char := p.peek(); {
	case char == '{':
		return p.object(depth)
	case char == '[':
		return p.array(depth)
	case char == '"':
		return p.str()
	case char == '-' || isDigit(char):
		return p.number()
	}
	return p.word()
}

var words = []member{{"true", true}, {"false", false}, {"null", nil}}

func (p *parser) word() (any, error) {
	for _, one := range words {
		if strings.HasPrefix(p.text[p.at:], one.name) {
			p.at += len(one.name)
			return one.value, nil
		}
	}
	for _, word := range []string{"NaN", "Infinity"} {
		if strings.HasPrefix(p.text[p.at:], word) {
			return nil, refused("the body has %s, which is no JSON", word)
		}
	}
	return nil, p.noJSON("Expecting value")
}

func (p *parser) object(depth int) (any, error) {
	p.at++
	found := object{}
	names := nameSet{}
	if p.space(); p.take('}') {
		return found, nil
	}
	for {
		if p.space(); p.peek() != '"' {
			return nil, p.noJSON("Expecting property name enclosed in double quotes")
		}
		name, err := p.str()
		if err != nil {
			return nil, err
		}
		if !names.add(found, name) {
			return nil, refused("the body has the name %s twice", quoted(name))
		}
		if p.space(); !p.take(':') {
			return nil, p.noJSON("Expecting ':' delimiter")
		}
		value, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		found = append(found, member{name, value})
		if p.space(); p.take('}') {
			return found, nil
		}
		if !p.take(',') {
			return nil, p.noJSON("Expecting ',' delimiter")
		}
	}
}

// nameSet knows the names of an object: a map only once there are so many that looking at each would take long.
type nameSet struct{ many map[string]bool }

func (s *nameSet) add(found object, name string) bool {
	const few = 16
	if len(found) < few {
		_, twice := found.find(name)
		return !twice
	}
	if s.many == nil {
		s.many = map[string]bool{}
		for _, one := range found {
			s.many[one.name] = true
		}
	}
	if s.many[name] {
		return false
	}
	s.many[name] = true
	return true
}

func (p *parser) array(depth int) (any, error) {
	p.at++
	found := []any{}
	if p.space(); p.take(']') {
		return found, nil
	}
	for {
		value, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		found = append(found, value)
		if p.space(); p.take(']') {
			return found, nil
		}
		if !p.take(',') {
			return nil, p.noJSON("Expecting ',' delimiter")
		}
	}
}

// number takes a number by the grammar of RFC 8259, section 6: no zero in front, digits on both sides of a point.
func (p *parser) number() (any, error) {
	start := p.at
	p.take('-')
	if strings.HasPrefix(p.text[p.at:], "Infinity") {
		return nil, refused("the body has -Infinity, which is no JSON")
	}
	whole := p.digits()
	if whole == 0 || (whole > 1 && p.text[p.at-whole] == '0') {
		p.at = start
		return nil, p.noJSON("Expecting value")
	}
	if p.take('.') && p.digits() == 0 {
		return nil, p.noJSON("Expecting a digit")
	}
	if p.take('e') || p.take('E') {
		if !p.take('+') {
			p.take('-')
		}
		if p.digits() == 0 {
			return nil, p.noJSON("Expecting a digit")
		}
	}
	return number(p.text[start:p.at]), nil
}

func (p *parser) digits() int {
	start := p.at
	for isDigit(p.peek()) {
		p.at++
	}
	return p.at - start
}

func isDigit(char byte) bool { return '0' <= char && char <= '9' }
