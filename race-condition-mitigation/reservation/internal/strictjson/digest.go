package strictjson

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"reflect"
)

// Digest returns what tells one payload from another, by their meaning: spaces, the order of the fields, and whether
// what is left out is left out or null or the default said aloud, do not count. A nil part counts as nothing said.
func Digest(parts ...any) []byte {
	trees := make([]any, len(parts))
	for i, part := range parts {
		if part != nil {
			value := reflect.Indirect(reflect.ValueOf(part))
			trees[i] = plain(planOf(value.Type()), value)
		}
	}
	// A map is written in the order of its names.
	encoded, err := json.Marshal(trees)
	if err != nil {
		panic(fmt.Sprintf("a payload that was read cannot be written: %v", err))
	}
	sum := sha256.Sum256(encoded)
	return sum[:]
}

// plain returns a value as maps, lists, texts and numbers, without what was left out.
func plain(n *node, value reflect.Value) any {
	if value.Kind() == reflect.Pointer {
		if value.IsNil() {
			return nil
		}
		value = value.Elem()
	}
	switch n.kind {
	case list:
		items := make([]any, value.Len())
		for i := range items {
			items[i] = plain(n.item, value.Index(i))
		}
		return items
	case record:
		found := map[string]any{}
		for _, one := range n.fields {
			place := value.FieldByIndex(one.index)
			if one.optional && place.IsZero() || place.Kind() == reflect.Pointer && place.IsNil() {
				continue
			}
			found[one.name] = plain(one.node, place)
		}
		return found
	case union:
		for _, one := range n.variants {
			if place := value.Field(one.index); !place.IsNil() {
				return plain(one.node, place)
			}
		}
		return nil
	}
	return value.Interface()
}
