package route

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"trivet/reservation/internal/problem"
)

// written returns a document as others read it.
func written(t *testing.T) map[string]any {
	t.Helper()
	var out bytes.Buffer
	if err := WriteDocument(&out, Document(Info{"Trivet Reservation", "Seats.", "1"}, table())); err != nil {
		t.Fatal(err)
	}
	return read(t, out.Bytes())
}

func read(t *testing.T, raw []byte) map[string]any {
	t.Helper()
	var found map[string]any
	if err := json.Unmarshal(raw, &found); err != nil {
		t.Fatal(err)
	}
	return found
}

func at(value any, names ...string) any {
	for _, name := range names {
		value = value.(map[string]any)[name]
	}
	return value
}

func names(value any) []string {
	var found []string
	for name := range value.(map[string]any) {
		found = append(found, name)
	}
	slices.Sort(found)
	return found
}

func TestTheDocumentSaysOfRefusalsWhatTheOtherServicesDo(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("..", "..", "..", "..", "contracts", "openapi", "inventory.json"))
	if err != nil {
		t.Fatal(err)
	}
	theirs, ours := read(t, raw), written(t)
	theirResponses := at(theirs, "paths", "/items", "post", "responses").(map[string]any)
	ourResponses := at(ours, "paths", "/shows", "post", "responses").(map[string]any)
	if !slices.Equal(names(theirResponses), names(ourResponses)) {
		t.Fatalf("ours are %v, theirs %v", names(ourResponses), names(theirResponses))
	}
	for status := range ourResponses {
		if status != "201" && !reflect.DeepEqual(ourResponses[status], theirResponses[status]) {
			t.Errorf("%s is %v here and %v there", status, ourResponses[status], theirResponses[status])
		}
	}
	for _, place := range [][]string{
		{"components", "securitySchemes"}, {"components", "schemas", "Problem"}, {"openapi"},
		{"paths", "/items", "post", "responses", "201", "headers"},
	} {
		here := slices.Clone(place)
		if len(here) > 1 && here[1] == "/items" {
			here[1] = "/shows"
		}
		if !reflect.DeepEqual(at(ours, here...), at(theirs, place...)) {
			t.Errorf("%v is %v here", place, at(ours, here...))
		}
	}
}

func TestTheDocumentIsTheTables(t *testing.T) {
	document := written(t)
	if got := names(document["paths"]); !slices.Equal(got, []string{
		"/shows", "/shows/batch/seats", "/shows/{show_id}", "/shows/{show_id}/changes", "/shows/{show_id}/seats",
	}) {
		t.Errorf("its paths are %v", got)
	}
	create := at(document, "paths", "/shows", "post")
	wanted := read(t, []byte(`{
		"operationId": "createShow", "summary": "Make a show", "tags": ["shows"],
		"security": [{"accessToken": ["shows.write"]}],
		"requestBody": {"required": true,
			"content": {"application/json": {"schema": {"$ref": "#/components/schemas/makeShow"}}}},
		"parameters": [{"name": "Idempotency-Key", "in": "header", "required": false, "example": "order-1-line-1",
			"description": "Makes the request repeatable: the same key is the same operation, done once.",
			"schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[\\x20-\\x7e]+$"}}]}`))
	for name, value := range wanted {
		if got := at(create, name); !reflect.DeepEqual(got, value) {
			t.Errorf("%s is %v", name, got)
		}
	}
	seats := at(document, "paths", "/shows/{show_id}/seats", "get")
	var parameters any
	if err := json.Unmarshal([]byte(`[
		{"name": "show_id", "in": "path", "required": true, "description": "Lower-case letters.", "schema":
			{"type": "string", "pattern": "^[a-z0-9-]{1,64}$", "not": {"enum": ["batch"]}, "examples": ["gala"]}},
		{"name": "block", "in": "query", "required": false, "description": "Of one block alone.",
			"schema": {"type": "string", "maxLength": 8}},
		{"name": "limit", "in": "query", "required": false,
			"schema": {"type": "integer", "minimum": 1, "maximum": 500, "default": 50}},
		{"name": "If-None-Match", "in": "header", "required": false, "schema": {"type": "string", "maxLength": 200}}
	]`), &parameters); err != nil {
		t.Fatal(err)
	}
	if got := at(seats, "parameters"); !reflect.DeepEqual(got, parameters) {
		t.Errorf("its parameters are %v", got)
	}
	if got := names(at(seats, "responses", "200", "headers")); !slices.Equal(got, []string{"etag", "traceparent", "x-trivet-node"}) {
		t.Errorf("its headers are %v", got)
	}
	required := at(document, "paths", "/shows/batch/seats", "post", "parameters").([]any)[0]
	if at(required, "required") != true {
		t.Errorf("the key is not demanded: %v", required)
	}
	stream := at(document, "paths", "/shows/{show_id}/changes", "get", "responses", "200", "content")
	if !slices.Equal(names(stream), []string{"text/event-stream"}) {
		t.Errorf("the stream is %v", stream)
	}
	ended := at(document, "paths", "/shows/{show_id}", "delete", "responses")
	if at(ended, "200", "headers", "idempotency-replayed") == nil {
		t.Error("a repetition is not told")
	}
	if at(document, "components", "schemas", "makeShow", "additionalProperties") != false ||
		at(document, "components", "schemas", "makeShow", "description") != "A show to make." ||
		at(document, "components", "schemas", "show").(map[string]any)["additionalProperties"] != nil {
		t.Errorf("the schemas are %v", at(document, "components", "schemas"))
	}
}

func TestTheDocumentIsTheSameToTheLastByte(t *testing.T) {
	var first, second bytes.Buffer
	for _, out := range []*bytes.Buffer{&first, &second} {
		if err := WriteDocument(out, Document(Info{}, table())); err != nil {
			t.Fatal(err)
		}
	}
	if first.String() != second.String() {
		t.Error("it differs")
	}
}

func TestATableWithAHoleIsNone(t *testing.T) {
	for name, spoil := range map[string]func(*Route){
		"no scope":         func(r *Route) { r.Scope = "" },
		"a quoted scope":   func(r *Route) { r.Scope = `a"` },
		"no operation":     func(r *Route) { r.Operation = "" },
		"one twice":        func(r *Route) { r.Operation = "batch" },
		"no handler":       func(r *Route) { r.Handle = nil },
		"no status":        func(r *Route) { r.Status = 0 },
		"a refusal":        func(r *Route) { r.Status = 404 },
		"no answer":        func(r *Route) { r.Answer = nil },
		"no summary":       func(r *Route) { r.Summary = "" },
		"no word":          func(r *Route) { r.Done = "" },
		"no method":        func(r *Route) { r.Method = "HEAD" },
		"an unknown code":  func(r *Route) { r.Refusals = []string{"planted"} },
		"a hole":           func(r *Route) { r.Pattern = "/shows/{other}" },
		"a missing hole":   func(r *Route) { r.Parameters = byShow{} },
		"an unbounded one": func(r *Route) { r.Body = show{} },
		"no place": func(r *Route) {
			r.Parameters = struct {
				A showID `json:"a"`
			}{}
		},
		"an unbounded parameter": func(r *Route) {
			r.Parameters = struct {
				A string `query:"a"`
			}{}
		},
		"a list": func(r *Route) {
			r.Parameters = struct {
				A []showID `query:"a" maxItems:"3"`
			}{}
		},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s is let through", name)
				}
			}()
			routes := table()
			spoil(&routes[0])
			New(routes, nil, nil)
		}()
	}
}

func TestEveryCodeIsDocumentedOnce(t *testing.T) {
	for _, one := range table() {
		codes := codesOf(one)
		if sorted := slices.Sorted(slices.Values(codes)); len(slices.Compact(sorted)) != len(codes) {
			t.Errorf("%s: %v", one.Operation, codes)
		}
		if !slices.Contains(codes, problem.Internal) {
			t.Errorf("%s knows no defect", one.Operation)
		}
	}
}
