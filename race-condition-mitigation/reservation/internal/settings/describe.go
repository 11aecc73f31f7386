package settings

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"strings"
)

// Description is one setting for a person: its variable, meaning, default and present value (secrets masked).
type Description struct {
	Variable string  `json:"variable"`
	Type     string  `json:"type"`
	Help     string  `json:"help"`
	Required bool    `json:"required"`
	Default  *string `json:"default"`
	Value    *string `json:"value"`
}

// describe returns every setting, with the values of present (a struct) if it is not nil.
func describe(type_ reflect.Type, present any) []Description {
	declared := settingsOf(type_)
	found := make([]Description, len(declared))
	for i, one := range declared {
		found[i] = Description{
			Variable: one.variable,
			Type:     one.typeName(),
			Help:     one.help,
			Required: !one.hasDefault && !one.optional,
		}
		if one.hasDefault {
			found[i].Default = one.shown(one.fallback)
		}
		if present != nil {
			found[i].Value = one.present(reflect.Indirect(reflect.ValueOf(present)).Field(one.index))
		}
	}
	return found
}

func (s setting) typeName() string {
	if s.choices != nil {
		return strings.Join(s.choices, " | ")
	}
	switch s.type_.Kind() {
	case reflect.Slice:
		return "list, separated by commas"
	case reflect.String:
		return "text"
	}
	return "whole number"
}

func (s setting) present(value reflect.Value) *string {
	switch {
	case s.type_.Kind() == reflect.Slice:
		return s.shown(strings.Join(value.Interface().([]string), ","))
	case s.optional && value.IsZero():
		return nil
	}
	return s.shown(fmt.Sprint(value.Interface()))
}

func (s setting) shown(text string) *string {
	if s.secret && text != "" {
		parts := []string{text}
		if s.type_.Kind() == reflect.Slice {
			parts = list(text)
		}
		for i, part := range parts {
			parts[i] = masked(part)
		}
		text = strings.Join(parts, ",")
	}
	return &text
}

// masked hides a secret; of a URL only the password and the query are hidden.
func masked(value string) string {
	scheme, rest, isURL := strings.Cut(value, "://")
	if !isURL {
		return "***"
	}
	credentials := ""
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		user, _, _ := strings.Cut(rest[:at], ":")
		credentials, rest = user+":***@", rest[at+1:]
	}
	place, _, _ := strings.Cut(rest, "?")
	return scheme + "://" + credentials + place
}

// Show prints every setting and, if the environment is valid, its value: as one JSON object on out, or for a person,
// whose complaints go to complaints.
func Show(out, complaints io.Writer, environment Environment, asJSON bool) error {
	faults := []string{}
	present, err := Load(environment)
	described := describe(reflect.TypeFor[Settings](), nil)
	if err == nil {
		described = describe(reflect.TypeFor[Settings](), present)
	} else {
		faults = err.(*Error).Faults
	}
	if asJSON {
		return writeJSON(out, struct {
			Settings []Description `json:"settings"`
			Faults   []string      `json:"faults"`
		}{described, faults})
	}
	for _, one := range described {
		fallback, value := "required", ""
		if !one.Required {
			fallback = "default none"
			if one.Default != nil && *one.Default != "" {
				fallback = "default " + *one.Default
			}
		}
		if one.Value != nil {
			value = " = " + *one.Value
		}
		if _, err := fmt.Fprintf(out, "%s%s\n    %s (%s; %s)\n", one.Variable, value, one.Help, one.Type, fallback); err != nil {
			return err
		}
	}
	for _, fault := range faults {
		if _, err := fmt.Fprintf(complaints, "✗ %s\n", fault); err != nil {
			return err
		}
	}
	return nil
}

func writeJSON(out io.Writer, value any) error {
	var written bytes.Buffer
	encoder := json.NewEncoder(&written)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		return err
	}
	_, err := out.Write(written.Bytes())
	return err
}
