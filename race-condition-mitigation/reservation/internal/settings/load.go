package settings

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Error says that the environment does not configure the service, with one sentence a variable, which it begins with.
type Error struct{ Faults []string }

// Error returns the sentences, one a line.
func (e *Error) Error() string { return strings.Join(e.Faults, "\n") }

// Environment is what a process was started with: it finds the value of a variable, and whether it is set.
type Environment func(variable string) (string, bool)

// setting is one field of the settings, as its tags declare it:
//
//	name      behind TRIVET_RESERVATION_, or variable: the whole name
//	doc       one sentence: what it does, and in which unit
//	default   its value where it is not set; without it, and not optional, it is required
//	optional  "yes": it may be unset, and is then empty
//	secret    "yes": its value is never shown, of a URL all but its password
//	min, max  bounds of a number; choices: words with | between them; count: how many a list must have
type setting struct {
	variable   string
	tag        reflect.StructTag
	type_      reflect.Type
	index      int
	help       string
	fallback   string
	hasDefault bool
	optional   bool
	secret     bool
	choices    []string
}

func settingsOf(type_ reflect.Type) []setting {
	found := make([]setting, type_.NumField())
	for i := range found {
		declared := type_.Field(i)
		tag := declared.Tag
		one := setting{tag: tag, type_: declared.Type, index: i, help: tag.Get("doc")}
		one.variable = prefix + tag.Get("name")
		if whole, ok := tag.Lookup("variable"); ok {
			one.variable = whole
		}
		one.fallback, one.hasDefault = tag.Lookup("default")
		one.optional = tag.Get("optional") == "yes"
		one.secret = tag.Get("secret") == "yes"
		if words, ok := tag.Lookup("choices"); ok {
			one.choices = strings.Split(words, "|")
		}
		found[i] = one
	}
	return found
}

// load fills a struct from the environment. It returns an *Error with all faults, so that a person mends them in one
// go.
func load(into any, environment Environment) error {
	target := reflect.ValueOf(into).Elem()
	var faults []string
	for _, one := range settingsOf(target.Type()) {
		text, isSet, err := one.raw(environment)
		switch {
		case err != nil:
		case isSet:
			err = one.parse(text, target.Field(one.index))
		case one.hasDefault:
			err = one.parse(one.fallback, target.Field(one.index))
		case !one.optional:
			err = errors.New("is not set: " + one.help)
		}
		if err != nil {
			faults = append(faults, one.variable+" "+err.Error())
		}
	}
	if faults != nil {
		return &Error{faults}
	}
	return nil
}

// raw returns the text of a variable or of the file that it names; both at once is a fault, not a guess.
func (s setting) raw(environment Environment) (text string, isSet bool, err error) {
	value, isSet := environment(s.variable)
	file, isFile := environment(s.variable + "_FILE")
	if !isFile {
		return value, isSet, nil
	}
	if isSet {
		return "", false, fmt.Errorf("is set and so is %s_FILE: one of them must go", s.variable)
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return "", false, err
	}
	return strings.TrimSuffix(string(content), "\n"), true, nil
}

func (s setting) parse(text string, into reflect.Value) error {
	switch s.type_.Kind() {
	case reflect.Slice:
		parts := list(text)
		if count := s.number("count"); count != nil && int64(len(parts)) != *count {
			return fmt.Errorf("must name %d, not %d", *count, len(parts))
		}
		into.Set(reflect.ValueOf(parts))
	case reflect.Int, reflect.Int64:
		number, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
		if err != nil {
			return fmt.Errorf("must be a whole number, not %s", told(text))
		}
		if least := s.number("min"); least != nil && number < *least {
			return fmt.Errorf("must be at least %d, not %d", *least, number)
		}
		if most := s.number("max"); most != nil && number > *most {
			return fmt.Errorf("must be at most %d, not %d", *most, number)
		}
		into.SetInt(number)
	case reflect.String:
		if strings.TrimSpace(text) == "" {
			return errors.New("is empty")
		}
		if s.choices != nil && !slices.Contains(s.choices, text) {
			return fmt.Errorf("must be one of %s, not %s", strings.Join(s.choices, ", "), told(text))
		}
		into.SetString(text)
	default:
		panic(fmt.Sprintf("a setting cannot be of type %s", s.type_))
	}
	return nil
}

// number returns what a tag says, nil if the setting has no such tag.
func (s setting) number(tag string) *int64 {
	text, ok := s.tag.Lookup(tag)
	if !ok {
		return nil
	}
	found, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		panic(fmt.Sprintf("%s has the %s %s", s.variable, tag, text))
	}
	return &found
}

func list(text string) []string {
	parts := []string{}
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}

// told returns a value as a complaint shows it.
func told(text string) string {
	quoted := strconv.Quote(text)
	return "'" + quoted[1:len(quoted)-1] + "'"
}
