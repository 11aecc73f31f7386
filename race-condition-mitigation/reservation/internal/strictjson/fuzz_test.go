package strictjson

import (
	"bytes"
	"encoding/json"
	"reflect"
	"regexp"
	"testing"
)

func slowly(pattern, text string) bool { return regexp.MustCompile(pattern).MatchString(text) }

// FuzzDecode holds the reader to three things: it never panics; what it takes, the standard library takes for the same
// value; and what it took, written again, is read as the same and has the same digest.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"id":"a","price":2,"note":null}`,
		`{"id":"a-1","price":1e3,"note":"\u00e9","ttl":3,"sold":false,"state":"held"}`,
		`{"id":"a","price":-0,"note":"\ud83d\ude00","block":{"name":"a","seats":["x","y"]}}`,
		`{"id":"a","price":1.5,"note":"\ud800","block":{"name":"a","rows":3}}`,
		`{"id":"a","id":"b","price":2,"note":null,"entries":[{"op":"take","key":"k","id":"c"},{"op":"give","key":""}]}`,
		`{"id":"a","price":9007199254740993,"note":"\u0000"}`,
		`{"id":"a","price":NaN,"note":nul}`, `[[[[[[`, `{"":`, "\xff", "\ufeff{}", `"`, `{"a":1e999999999}`, `-`, `1e5`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var found sample
		if Decode(body, &found) != nil {
			return
		}
		again := written(t, &found)
		var twice sample
		if err := Decode(again, &twice); err != nil || !reflect.DeepEqual(found, twice) {
			t.Fatalf("%s is read as %+v, written as %s and read as %+v: %v", body, found, again, twice, err)
		}
		if !bytes.Equal(Digest(&found), Digest(&twice)) {
			t.Fatalf("%s and %s have two digests", body, again)
		}
		ours, theirs := standard(t, again), standard(t, body)
		for name, value := range map[string]any{"sold": true, "state": "free"} {
			if theirs[name] == nil {
				theirs[name] = value
			}
		}
		if !reflect.DeepEqual(withoutNull(ours), withoutNull(theirs)) {
			t.Fatalf("%s is %v to us and %v to others", body, ours, theirs)
		}
	})
}

// written returns a value as JSON, with what must not be left out where it is null.
func written(t *testing.T, found *sample) []byte {
	tree := plain(planOf(reflect.TypeFor[sample]()), reflect.ValueOf(found).Elem()).(map[string]any)
	if tree["note"] == nil {
		tree["note"] = nil
	}
	if !found.Sold {
		tree["sold"] = false
	}
	out, err := json.Marshal(tree)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func standard(t *testing.T, body []byte) map[string]any {
	found := map[string]any{}
	if err := json.Unmarshal(body, &found); err != nil {
		t.Fatalf("the standard library does not read %q: %v", body, err)
	}
	return found
}

func withoutNull(value any) any {
	switch found := value.(type) {
	case map[string]any:
		kept := map[string]any{}
		for name, one := range found {
			if one != nil {
				kept[name] = withoutNull(one)
			}
		}
		if entries, ok := kept["entries"].([]any); ok && len(entries) == 0 {
			delete(kept, "entries")
		}
		return kept
	case []any:
		kept := []any{}
		for _, one := range found {
			kept = append(kept, withoutNull(one))
		}
		return kept
	}
	return value
}
