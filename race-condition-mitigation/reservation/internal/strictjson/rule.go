package strictjson

import (
	"reflect"
	"regexp"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Rule is what a value must be, beyond its type, and what the document says of it. A type of texts or numbers names
// its own by a method Rule; the tags of a field refine it:
//
//	doc, example, pattern, minLength, maxLength, min, max, minItems, maxItems, unique, not, enum, const, default
//
// not and enum are words with | between them. Lengths are characters.
type Rule struct {
	Doc      string
	Example  any
	Pattern  string
	MinLen   int
	MaxLen   int
	Min, Max *int64
	MinItems int
	MaxItems int
	Unique   bool
	Not      []string
	Enum     []string
	Const    string
	Default  *string
}

// Ruled is a type that has a rule of its own.
type Ruled interface{ Rule() Rule }

// Between returns the rule of a number within bounds, both allowed.
func Between(least, most int64, doc string) Rule { return Rule{Doc: doc, Min: &least, Max: &most} }

func ruleOf(type_ reflect.Type) Rule {
	if ruled, ok := reflect.Zero(type_).Interface().(Ruled); ok {
		return ruled.Rule()
	}
	return Rule{}
}

// refined returns a rule with what the tags of a field say in its place.
func (r Rule) refined(tag reflect.StructTag) Rule {
	text := func(name string, into *string) {
		if said, ok := tag.Lookup(name); ok {
			*into = said
		}
	}
	whole := func(name string, into *int) {
		if said, ok := tag.Lookup(name); ok {
			*into = int(wholeNumber(said))
		}
	}
	bound := func(name string, into **int64) {
		if said, ok := tag.Lookup(name); ok {
			*into = pointer(wholeNumber(said))
		}
	}
	text("doc", &r.Doc)
	text("pattern", &r.Pattern)
	text("const", &r.Const)
	whole("minLength", &r.MinLen)
	whole("maxLength", &r.MaxLen)
	whole("minItems", &r.MinItems)
	whole("maxItems", &r.MaxItems)
	bound("min", &r.Min)
	bound("max", &r.Max)
	if said, ok := tag.Lookup("not"); ok {
		r.Not = strings.Split(said, "|")
	}
	if said, ok := tag.Lookup("enum"); ok {
		r.Enum = strings.Split(said, "|")
	}
	if said, ok := tag.Lookup("default"); ok {
		r.Default = &said
	}
	if said, ok := tag.Lookup("example"); ok {
		r.Example = said
		if number, err := strconv.ParseInt(said, 10, 64); err == nil && r.Pattern == "" {
			r.Example = number
		}
	}
	r.Unique = r.Unique || tag.Get("unique") == "true"
	return r
}

func wholeNumber(text string) int64 {
	found, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		panic("a tag has " + text + " where a whole number stands")
	}
	return found
}

func pointer[T any](value T) *T { return &value }

// matcher tells whether a text is of a pattern.
type matcher func(string) bool

// matcherOf compiles a pattern. One that asks for so many characters of a class, as most ids do, needs no automaton.
func matcherOf(pattern string) matcher {
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		panic("the pattern " + pattern + " cannot be read: " + err.Error())
	}
	if parsed.Op == syntax.OpConcat && len(parsed.Sub) == 3 &&
		parsed.Sub[0].Op == syntax.OpBeginText && parsed.Sub[2].Op == syntax.OpEndText {
		if found := classMatcher(parsed.Sub[1]); found != nil {
			return found
		}
	}
	return regexp.MustCompile(pattern).MatchString
}

func classMatcher(repeated *syntax.Regexp) matcher {
	least, most := 0, -1
	switch repeated.Op {
	case syntax.OpRepeat:
		least, most = repeated.Min, repeated.Max
	case syntax.OpPlus:
		least = 1
	case syntax.OpStar:
	default:
		return nil
	}
	class := repeated.Sub[0]
	if class.Op != syntax.OpCharClass {
		return nil
	}
	ranges := class.Rune
	return func(text string) bool {
		count := 0
		for _, char := range text {
			if !within(char, ranges) {
				return false
			}
			count++
		}
		return count >= least && (most < 0 || count <= most)
	}
}

func within(char rune, ranges []rune) bool {
	for i := 0; i < len(ranges); i += 2 {
		if ranges[i] <= char && char <= ranges[i+1] {
			return true
		}
	}
	return false
}

// faultOfText returns what is wrong with a text, "" if nothing is.
func (n *node) faultOfText(text string) string {
	rule, length := n.rule, utf8.RuneCountInString(text)
	switch {
	case rule.Const != "" && text != rule.Const:
		return "Input should be '" + rule.Const + "'"
	case rule.Enum != nil && !slices.Contains(rule.Enum, text):
		return "Input should be '" + strings.Join(rule.Enum, "' or '") + "'"
	case length < rule.MinLen:
		return "String should have at least " + counted(rule.MinLen, "character")
	case rule.MaxLen > 0 && length > rule.MaxLen:
		return "String should have at most " + counted(rule.MaxLen, "character")
	case n.matches != nil && !n.matches(text):
		return "String should match pattern '" + rule.Pattern + "'"
	case slices.Contains(rule.Not, text):
		return text + " is reserved"
	}
	return ""
}

// faultOfNumber returns what is wrong with a whole number, "" if nothing is.
func (n *node) faultOfNumber(value int64) string {
	switch rule := n.rule; {
	case rule.Min != nil && value < *rule.Min:
		return "Input should be greater than or equal to " + strconv.FormatInt(*rule.Min, 10)
	case rule.Max != nil && value > *rule.Max:
		return "Input should be less than or equal to " + strconv.FormatInt(*rule.Max, 10)
	}
	return ""
}

// faultOfLength returns what is wrong with the length of a list, "" if nothing is.
func (n *node) faultOfLength(length int) string {
	switch rule := n.rule; {
	case length < rule.MinItems:
		return "List should have at least " + counted(rule.MinItems, "item") + ", not " + strconv.Itoa(length)
	case rule.MaxItems > 0 && length > rule.MaxItems:
		return "List should have at most " + counted(rule.MaxItems, "item") + ", not " + strconv.Itoa(length)
	}
	return ""
}

func counted(count int, noun string) string {
	if count == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(count) + " " + noun + "s"
}
