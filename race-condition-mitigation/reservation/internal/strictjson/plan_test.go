package strictjson

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
)

func TestTheSchemaSaysWhatIsEnforced(t *testing.T) {
	schemas := NewSchemas()
	root := schemas.OfRequest(reflect.TypeFor[sample]())
	wanted := `{"root":{"$ref":"#/components/schemas/sample"},"schemas":{
		"sample":{"title":"sample","type":"object","additionalProperties":false,"required":["id","price","note"],
		"properties":{
			"id":{"type":"string","description":"A seat.","pattern":"^[a-z0-9-]{1,64}$","not":{"enum":["batch"]}},
			"price":{"type":"integer","minimum":-5,"maximum":1000000000000},
			"ttl":{"anyOf":[{"type":"integer","minimum":1,"maximum":10},{"type":"null"}]},
			"sold":{"type":"boolean","default":true},
			"state":{"type":"string","enum":["held","free"],"default":"free"},
			"note":{"anyOf":[{"type":"string","maxLength":3},{"type":"null"}]},
			"block":{"anyOf":[{"$ref":"#/components/schemas/block"},{"type":"null"}]},
			"entries":{"type":"array","maxItems":2,"items":{
				"oneOf":[{"$ref":"#/components/schemas/take"},{"$ref":"#/components/schemas/give"}],
				"discriminator":{"propertyName":"op","mapping":{
					"take":"#/components/schemas/take","give":"#/components/schemas/give"}}}}}},
		"block":{"title":"block","description":"A block.","type":"object","additionalProperties":false,
			"required":["name"],"oneOf":"said","properties":{
			"name":{"type":"string","pattern":"^[a-z]+$","maxLength":5},
			"rows":{"type":"integer","minimum":1,"maximum":9},
			"seats":{"type":"array","minItems":1,"maxItems":3,"uniqueItems":true,"items":{
				"type":"string","description":"A seat.","pattern":"^[a-z0-9-]{1,64}$","not":{"enum":["batch"]}}}}},
		"take":{"title":"take","type":"object","additionalProperties":false,"required":["key","op","id"],
			"properties":{"key":{"type":"string","maxLength":8},"op":{"type":"string","const":"take"},
			"id":{"type":"string","description":"A seat.","pattern":"^[a-z0-9-]{1,64}$","not":{"enum":["batch"]}}}},
		"give":{"title":"give","type":"object","additionalProperties":false,"required":["key","op"],
			"properties":{"key":{"type":"string","maxLength":8},"op":{"type":"string","const":"give"}}}}}`
	got, err := json.Marshal(map[string]any{"root": root, "schemas": schemas.Named})
	if err != nil {
		t.Fatal(err)
	}
	var left, right any
	if err := errors.Join(json.Unmarshal(got, &left), json.Unmarshal([]byte(wanted), &right)); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(left, right) {
		t.Errorf("got %s", got)
	}
}

func TestADeclarationWithAHoleIsNone(t *testing.T) {
	for name, type_ := range map[string]reflect.Type{
		"a text": reflect.TypeFor[struct {
			A string `json:"a"`
		}](),
		"a number": reflect.TypeFor[struct {
			A int64 `json:"a" min:"1"`
		}](),
		"a list": reflect.TypeFor[struct {
			A []seat `json:"a"`
		}](),
		"raw": reflect.TypeFor[struct {
			A json.RawMessage `json:"a"`
		}](),
		"a float": reflect.TypeFor[struct {
			A float64 `json:"a"`
		}](),
		"no name": reflect.TypeFor[struct{ A seat }](),
		"a pattern": reflect.TypeFor[struct {
			A string `json:"a" pattern:"("`
		}](),
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s without a bound is let through", name)
				}
			}()
			Ready(type_)
		}()
	}
	Ready(reflect.TypeFor[sample]())
}

func TestAPatternIsTheSameWithoutAnAutomaton(t *testing.T) {
	for _, pattern := range []string{`^[a-z0-9-]{1,4}$`, `^[a-z]+$`, `^[^\x00-\x1f\x7f]*$`, `^[a-z][0-9]{0,2}$`, `^a|b$`} {
		fast, slow := matcherOf(pattern), pattern
		for _, text := range []string{"", "a", "abcd", "abcde", "A", "a\n", "é", "\x7f", "b", "a1", "a123", "xb"} {
			if fast(text) != slowly(slow, text) {
				t.Errorf("%s on %q: %t", pattern, text, fast(text))
			}
		}
	}
}

func TestAParameterIsRead(t *testing.T) {
	type parameters struct {
		ID    seat
		Limit int64
		After *seat
	}
	var found parameters
	value := reflect.ValueOf(&found).Elem()
	for _, one := range []struct {
		field        int
		text, wanted string
	}{
		{0, "a", ""}, {0, "A", "String should match"}, {0, "a\x00", "valid string"}, {0, "a\xff", "valid string"},
		{1, "5", ""}, {1, "0", "greater than or equal to 1"}, {1, "many", "unable to parse"}, {1, "", "unable to parse"},
		{1, "1e1000000000", "too great"}, {1, "1000000000000000000000", "too great"},
		{2, "b", ""}, {2, "batch", "reserved"},
	} {
		message := Text(one.text, value.Field(one.field), `min:"1" max:"500"`)
		if !strings.Contains(message, one.wanted) || (message == "") != (one.wanted == "") {
			t.Errorf("%q: %s", one.text, message)
		}
	}
	if found.ID != "a" || found.Limit != 5 {
		t.Errorf("got %+v", found)
	}
}
