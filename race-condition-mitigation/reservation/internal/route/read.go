package route

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"trivet/reservation/internal/problem"
	"trivet/reservation/internal/strictjson"
)

const (
	// KeyHeader carries the key by which a request is known again (IETF httpapi draft).
	KeyHeader = "Idempotency-Key"

	keyCharactersMax = 255
	keyPattern       = `^[\x20-\x7e]+$`
)

// readKey returns the request's one key, "" if it has none.
//
// Two keys, or one that is not printable ASCII of 1 to 255 characters, are refused: either would be a guess.
func readKey(given []string, rule KeyRule) (string, error) {
	if rule == KeyNone {
		return "", nil
	}
	if len(given) == 0 {
		if rule == KeyRequired {
			return "", problem.New(problem.InvalidRequest, KeyHeader+" is required")
		}
		return "", nil
	}
	if len(given) > 1 {
		return "", problem.New(problem.InvalidRequest, KeyHeader+" is there twice")
	}
	key := given[0]
	unprintable := func(char rune) bool { return char < ' ' || char > '~' }
	if key == "" || len(key) > keyCharactersMax || strings.ContainsFunc(key, unprintable) {
		return "", problem.Newf(
			problem.InvalidRequest, "%s must be 1 to %d printable ASCII characters", KeyHeader, keyCharactersMax)
	}
	return key, nil
}

// readBody reads a body of JSON into what into points to. It has been collected before, within its bounds.
func readBody(r *http.Request, into any) ([]problem.Fault, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		var refused *problem.Error
		if errors.As(err, &refused) {
			return nil, refused
		}
		return nil, problem.New(problem.InvalidRequest, "the body cannot be read").Because(err)
	}
	if len(body) > 0 && !isJSON(r.Header.Get("content-type")) {
		return nil, problem.New(problem.UnsupportedMediaType, "the body must be "+JSON)
	}
	return strictjson.Collect(body, into)
}

// isJSON tells whether a Content-Type says that the body is JSON, whatever its parameters.
func isJSON(contentType string) bool {
	named, _, _ := strings.Cut(contentType, ";")
	return strings.EqualFold(strings.TrimSpace(named), JSON)
}

// parameter is one field of a route's parameters.
type parameter struct {
	place    string
	name     string
	index    int
	tag      reflect.StructTag
	type_    reflect.Type
	optional bool
}

// parameters are what a route takes from its path, its query and its headers.
type parameters struct {
	type_    reflect.Type
	listed   []parameter
	hasQuery bool
}

func parametersOf(prototype any) *parameters {
	if prototype == nil {
		return nil
	}
	made := &parameters{type_: reflect.TypeOf(prototype)}
	for i := range made.type_.NumField() {
		declared := made.type_.Field(i)
		one := parameter{index: i, tag: declared.Tag, type_: declared.Type}
		for _, place := range []string{"path", "query", "header"} {
			if name, ok := declared.Tag.Lookup(place); ok {
				one.place, one.name = place, name
			}
		}
		if one.place == "" {
			panic(fmt.Sprintf("the field %s of %s says not where it is", declared.Name, made.type_))
		}
		strictjson.ReadyText(declared.Type, declared.Tag)
		_, hasDefault := declared.Tag.Lookup("default")
		one.optional = hasDefault || declared.Type.Kind() == reflect.Pointer
		made.hasQuery = made.hasQuery || one.place == "query"
		made.listed = append(made.listed, one)
	}
	return made
}

// read returns a pointer to the parameters of a request, or what is wrong with them. Where a route reads its query, what
// it does not know there is as wrong as a field that a body does not have.
func (p *parameters) read(r *http.Request) (any, []problem.Fault) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, []problem.Fault{{Field: "query", Message: "Input should be a valid query"}}
	}
	found := reflect.New(p.type_)
	var faults []problem.Fault
	for _, one := range p.listed {
		if message := one.read(r, query, found.Elem().Field(one.index)); message != "" {
			faults = append(faults, problem.Fault{Field: one.place + "." + one.name, Message: message})
		}
		if one.place == "query" {
			delete(query, one.name)
		}
	}
	// One tells enough: their names are as many as their sender likes.
	if names := slices.Sorted(maps.Keys(query)); p.hasQuery && len(names) > 0 {
		faults = append(faults, problem.Fault{Field: "query." + names[0], Message: "Extra inputs are not permitted"})
	}
	return found.Interface(), faults
}

func (p parameter) read(r *http.Request, query url.Values, into reflect.Value) string {
	var given []string
	switch p.place {
	case "path":
		given = []string{r.PathValue(p.name)}
	case "query":
		given = query[p.name]
	default:
		given = r.Header.Values(p.name)
	}
	switch {
	case len(given) > 1:
		return "Input is there twice"
	case len(given) == 1:
		return strictjson.Text(given[0], into, p.tag)
	case !strictjson.Default(into, p.tag) && !p.optional:
		return "Field required"
	}
	return ""
}
