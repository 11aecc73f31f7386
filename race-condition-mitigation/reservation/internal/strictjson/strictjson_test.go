package strictjson

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"trivet/reservation/internal/problem"
)

type seat string

func (seat) Rule() Rule {
	return Rule{Pattern: `^[a-z0-9-]{1,64}$`, Not: []string{"batch"}, Doc: "A seat."}
}

type base struct {
	Key string `json:"key" maxLength:"8"`
}

type block struct {
	_     struct{} `doc:"A block."`
	Name  string   `json:"name" pattern:"^[a-z]+$" maxLength:"5"`
	Seats []seat   `json:"seats,omitempty" minItems:"1" maxItems:"3" unique:"true"`
	Rows  int64    `json:"rows,omitempty" min:"1" max:"9"`
}

func (b block) Check() (string, string) {
	if (b.Seats == nil) == (b.Rows == 0) {
		return "rows", "either seats or rows"
	}
	return "", ""
}

func (block) Extend(schema map[string]any) { schema["oneOf"] = "said" }

type take struct {
	base
	Op string `json:"op" const:"take"`
	ID seat   `json:"id"`
}

type give struct {
	base
	Op string `json:"op" const:"give"`
}

type entry struct {
	Take *take
	Give *give
}

func (entry) Discriminator() string { return "op" }

type sample struct {
	ID      seat    `json:"id"`
	Price   int64   `json:"price" min:"-5" max:"1000000000000"`
	TTL     *int64  `json:"ttl,omitempty" min:"1" max:"10"`
	Sold    bool    `json:"sold,omitempty" default:"true"`
	State   string  `json:"state,omitempty" enum:"held|free" default:"free"`
	Note    *string `json:"note" maxLength:"3"`
	Block   *block  `json:"block,omitempty"`
	Entries []entry `json:"entries,omitempty" maxItems:"2"`
}

func TestDecodeFillsAStruct(t *testing.T) {
	body := ` {"price": 2.50e1, "id": "a-1", "note": "\u00e9\ud83d\ude00\n", "ttl": null, "sold": false,
		"block": {"name": "a", "seats": ["a-1", "a-2"]},
		"entries": [{"op": "give", "key": "k"}, {"id": "b", "key": "l", "op": "take"}]} `
	wanted := sample{
		ID: "a-1", Price: 25, State: "free", Note: pointer("é😀\n"),
		Block: &block{Name: "a", Seats: []seat{"a-1", "a-2"}},
		Entries: []entry{
			{Give: &give{base: base{"k"}, Op: "give"}}, {Take: &take{base: base{"l"}, Op: "take", ID: "b"}},
		},
	}
	var got sample
	if err := Decode([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, wanted) {
		t.Errorf("got %+v", got)
	}
	defaults := sample{ID: "a", Note: nil, Sold: true, State: "free"}
	got = sample{}
	if err := Decode([]byte(`{"id":"a","price":0,"note":null}`), &got); err != nil || !reflect.DeepEqual(got, defaults) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestWhatIsNoJSONIsRefused(t *testing.T) {
	deep := strings.Repeat("[", 100)
	for body, wanted := range map[string]string{
		"":                          "the body is no JSON: Expecting value at character 0",
		" ":                         "Expecting value",
		`{"a":`:                     "Expecting value at character 5",
		`{"é":1}{}`:                 "Extra data at character 7",
		`{'a':1}`:                   "Expecting property name enclosed in double quotes at character 1",
		`{"a":1,}`:                  "Expecting property name",
		`{"a" 1}`:                   "Expecting ':' delimiter",
		`{"a":1 "b":2}`:             "Expecting ',' delimiter",
		`[1 2]`:                     "Expecting ',' delimiter",
		`[1,]`:                      "Expecting value",
		`{"a":NaN}`:                 "the body has NaN, which is no JSON",
		`{"a":Infinity}`:            "the body has Infinity, which is no JSON",
		`{"a":-Infinity}`:           "the body has -Infinity, which is no JSON",
		"\x00":                      "Expecting value",
		"{\"a\":\"\xff\xfe\"}":      "the body is not UTF-8",
		"{\"a\":\"\xc0\x80\"}":      "the body is not UTF-8",
		"\xef\xbb\xbf{}":            "byte order mark",
		deep:                        "nested too deeply",
		strings.Repeat(`{"":`, 100): "nested too deeply",
		`{"a":1,"b":2,"\u0061":3}`:  `the body has the name "a" twice`,
		`{"a":"\ud800"}`:            "half of a surrogate pair",
		`{"a":"\udc00\ud800"}`:      "half of a surrogate pair",
		`{"a":"\ud800\u0041"}`:      "half of a surrogate pair",
		`{"a":"\u0000"}`:            "a text with a NUL",
		"{\"a\":\"\x00\"}":          "Invalid control character",
		"{\"a\":\"\n\"}":            "Invalid control character",
		`{"a":"\x"}`:                `Invalid \escape`,
		`{"a":"\u00"}`:              `Invalid \uXXXX escape`,
		`{"a":"\u+0f1"}`:            `Invalid \uXXXX escape`,
		`{"a":"`:                    "Unterminated string",
		`{"a":01}`:                  "Expecting value",
		`{"a":-}`:                   "Expecting value",
		`{"a":+1}`:                  "Expecting value",
		`{"a":.5}`:                  "Expecting value",
		`{"a":1.}`:                  "Expecting a digit",
		`{"a":1e}`:                  "Expecting a digit",
		`{"a":tru}`:                 "Expecting value",
	} {
		if err := Decode([]byte(body), &sample{}); !says(err, wanted) {
			t.Errorf("%q: %v", body, err)
		}
	}
}

func TestManyNamesAreComparedToo(t *testing.T) {
	names := make([]string, 0, 40)
	for i := range 39 {
		names = append(names, `"n`+strings.Repeat("x", i)+`":1`)
	}
	for _, doubled := range []int{0, 20, 38} {
		body := "{" + strings.Join(append(names, names[doubled]), ",") + "}"
		if err := Decode([]byte(body), &sample{}); !says(err, "twice") {
			t.Errorf("%d: %v", doubled, err)
		}
	}
}

func TestEachFaultNamesItsField(t *testing.T) {
	valid := map[string]string{"id": `"a"`, "price": "1", "note": "null"}
	for _, one := range []struct{ name, value, wanted string }{
		{"id", "", "body.id: Field required"},
		{"id", "1", "body.id: Input should be a valid string"},
		{"id", "null", "body.id: Input should not be null"},
		{"id", `"A"`, "body.id: String should match pattern"},
		{"id", `"a\n"`, "body.id: String should match pattern"},
		{"id", `""`, "body.id: String should match pattern"},
		{"id", `"batch"`, "body.id: batch is reserved"},
		{"id", `"` + strings.Repeat("x", 65) + `"`, "body.id: String should match pattern"},
		{"planted", "1", "body.planted: Extra inputs are not permitted"},
		{"ID", `"a"`, "body.ID: Extra inputs are not permitted"},
		{"", "1", "body.: Extra inputs are not permitted"},
		{"price", `"1"`, "body.price: Input should be a valid integer"},
		{"price", "true", "body.price: Input should be a valid integer"},
		{"price", "1.5", "fractional part"},
		{"price", "1.0000000000000000001", "fractional part"},
		{"price", "1e-400", "fractional part"},
		{"price", "-6", "body.price: Input should be greater than or equal to -5"},
		{"price", "1000000000001", "body.price: Input should be less than or equal to 1000000000000"},
		{"price", strings.Repeat("9", 30), "too great"},
		{"price", "1e999999999", "too great"},
		{"price", "1e99999999999999999999", "too great"},
		{"price", "9007199254740992.0", "too great"},
		{"ttl", "0", "body.ttl: Input should be greater than or equal to 1"},
		{"sold", "1", "body.sold: Input should be a valid boolean"},
		{"sold", "null", "body.sold: Input should not be null"},
		{"state", `"sold"`, "body.state: Input should be 'held' or 'free'"},
		{"note", "", "body.note: Field required"},
		{"note", `"éééé"`, "body.note: String should have at most 3 characters"},
		{"block", "[]", "body.block: Input should be a valid object"},
		{"block", `{"name":"a"}`, "body.block.rows: either seats or rows"},
		{"block", `{"name":"abcdef","rows":1}`, "body.block.name: String should have at most 5 characters"},
		{"block", `{"name":"a","seats":[]}`, "body.block.seats: List should have at least 1 item, not 0"},
		{"block", `{"name":"a","seats":["a","b","c","d"]}`, "List should have at most 3 items, not 4"},
		{"block", `{"name":"a","seats":["a","b","a"]}`, "body.block.seats.2: Input is there twice"},
		{"block", `{"name":"a","seats":["a",null]}`, "body.block.seats.1: Input should be a valid string"},
		{"block", `{"name":"a","seats":{}}`, "body.block.seats: Input should be a valid list"},
		{"entries", `[{"op":"steal","key":"k"}]`, "body.entries.0.op: Input should be 'take' or 'give'"},
		{"entries", `[{"key":"k"}]`, "body.entries.0.op: Input should be"},
		{"entries", `[{"op":"give","key":"k","id":"a"}]`, "body.entries.0.id: Extra inputs"},
		{"entries", `[1]`, "body.entries.0: Input should be a valid object"},
	} {
		members := []string{}
		for name, value := range valid {
			if name != one.name {
				members = append(members, quoted(name)+":"+value)
			}
		}
		if one.value != "" {
			members = append(members, quoted(one.name)+":"+one.value)
		}
		body := "{" + strings.Join(members, ",") + "}"
		if err := Decode([]byte(body), &sample{}); !says(err, one.wanted) {
			t.Errorf("%s: %v", body, err)
		}
	}
	for _, body := range []string{"null", "[]", `"a"`, "1"} {
		if err := Decode([]byte(body), &sample{}); !says(err, "body: Input should be a valid object") {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func TestEveryFaultIsToldAtOnceUpToABound(t *testing.T) {
	err := Decode([]byte(`{"price":"x","planted":1}`), &sample{})
	for _, wanted := range []string{"body.id: Field", "body.price: Input", "body.note: Field", "body.planted: Extra"} {
		if !says(err, wanted) {
			t.Errorf("%v does not say %s", err, wanted)
		}
	}
	names := make([]string, 1000)
	for i := range names {
		names[i] = `"` + strings.Repeat("x", i) + `":1`
	}
	faults, err := Collect([]byte("{"+strings.Join(names, ",")+"}"), &sample{})
	if err != nil || len(faults) != faultsMax {
		t.Errorf("%d faults, %v", len(faults), err)
	}
}

func TestDigestIsOfTheMeaning(t *testing.T) {
	same := []string{
		`{"id":"a","price":2,"note":null}`,
		`{"note":null, "price":2.0,"id":"a"}`,
		`{"note":null,"price":2,"id":"\u0061","ttl":null,"sold":true,"state":"free"}`,
	}
	others := []string{
		`{"id":"b","price":2,"note":null}`,
		`{"id":"a","price":2,"note":""}`,
		`{"id":"a","price":2,"note":null,"ttl":1}`,
		`{"id":"a","price":2,"note":null,"entries":[{"op":"give","key":"k"}]}`,
		`{"id":"a","price":2,"note":null,"entries":[{"op":"give","key":"l"}]}`,
	}
	digest := func(body string) string {
		var found sample
		if err := Decode([]byte(body), &found); err != nil {
			t.Fatal(err)
		}
		return string(Digest(nil, &found))
	}
	first := digest(same[0])
	for _, body := range same {
		if digest(body) != first {
			t.Errorf("%s is another payload", body)
		}
	}
	seen := map[string]string{first: same[0]}
	for _, body := range others {
		if twin, ok := seen[digest(body)]; ok {
			t.Errorf("%s is the payload of %s", body, twin)
		}
		seen[digest(body)] = body
	}
}

func says(err error, wanted string) bool {
	var found *problem.Error
	return errors.As(err, &found) && found.Code == problem.InvalidRequest && strings.Contains(found.Detail, wanted)
}
