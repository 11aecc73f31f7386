package strictjson

import (
	"fmt"
	"reflect"
	"strconv"
)

// Schemas are the JSON Schemas (2020-12) of the structs of one document, by their names: #/components/schemas.
type Schemas struct {
	Named map[string]any
	types map[string]reflect.Type
}

// NewSchemas returns no schemas yet.
func NewSchemas() *Schemas {
	return &Schemas{Named: map[string]any{}, types: map[string]reflect.Type{}}
}

// OfRequest returns the schema of what a caller sends: a field that is not declared is none.
func (s *Schemas) OfRequest(type_ reflect.Type) map[string]any { return s.of(planOf(type_), true) }

// OfAnswer returns the schema of what a caller is sent, to which a field may be added some day.
func (s *Schemas) OfAnswer(type_ reflect.Type) map[string]any { return s.of(planOf(type_), false) }

// OfParameter returns the schema of a parameter, whose rule is refined by a tag.
func (s *Schemas) OfParameter(type_ reflect.Type, tag reflect.StructTag) map[string]any {
	made := *parameterPlan(type_, tag)
	made.nullable = false // a text is never null: a parameter is there or it is not
	return s.of(&made, true)
}

func parameterPlan(type_ reflect.Type, tag reflect.StructTag) *node {
	key := parameterKey{type_, tag}
	if found, ok := plans.Load(key); ok {
		return found.(*node)
	}
	made := plan(type_, tag)
	plans.Store(key, made)
	return made
}

type parameterKey struct {
	type_ reflect.Type
	tag   reflect.StructTag
}

func (s *Schemas) of(n *node, closed bool) map[string]any {
	said := s.bare(n, closed)
	if n.nullable {
		said = map[string]any{"anyOf": []any{said, map[string]any{"type": "null"}}}
	}
	return said
}

func (s *Schemas) bare(n *node, closed bool) map[string]any {
	said := map[string]any{}
	put := func(name string, value any, when bool) {
		if when {
			said[name] = value
		}
	}
	rule := n.rule
	put("description", rule.Doc, rule.Doc != "")
	put("examples", []any{rule.Example}, rule.Example != nil)
	switch n.kind {
	case text:
		said["type"] = "string"
		put("pattern", rule.Pattern, rule.Pattern != "")
		put("minLength", rule.MinLen, rule.MinLen > 0)
		put("maxLength", rule.MaxLen, rule.MaxLen > 0)
		put("enum", rule.Enum, rule.Enum != nil)
		put("const", rule.Const, rule.Const != "")
		put("not", map[string]any{"enum": rule.Not}, rule.Not != nil)
		if rule.Default != nil {
			said["default"] = *rule.Default
		}
	case integer:
		said["type"] = "integer"
		if rule.Min != nil {
			said["minimum"] = *rule.Min
		}
		if rule.Max != nil {
			said["maximum"] = *rule.Max
		}
		if rule.Default != nil {
			said["default"] = wholeNumber(*rule.Default)
		}
	case boolean:
		said["type"] = "boolean"
		if rule.Default != nil {
			said["default"], _ = strconv.ParseBool(*rule.Default)
		}
	case list:
		said["type"], said["items"] = "array", s.of(n.item, closed)
		put("minItems", rule.MinItems, rule.MinItems > 0)
		put("maxItems", rule.MaxItems, rule.MaxItems > 0)
		put("uniqueItems", true, rule.Unique)
	case raw:
		said["type"], said["additionalProperties"] = "object", true
	case union:
		s.describeUnion(n, said, closed)
	case record:
		said["$ref"] = s.reference(n, closed)
	}
	return said
}

func (s *Schemas) describeUnion(n *node, said map[string]any, closed bool) {
	forms, mapping := []any{}, map[string]any{}
	for _, one := range n.variants {
		reference := s.reference(one.node, closed)
		forms = append(forms, map[string]any{"$ref": reference})
		mapping[one.word] = reference
	}
	said["oneOf"] = forms
	said["discriminator"] = map[string]any{"propertyName": n.property, "mapping": mapping}
}

// reference describes a struct once and returns where.
func (s *Schemas) reference(n *node, closed bool) string {
	name := n.type_.Name()
	reference := "#/components/schemas/" + name
	if known, ok := s.types[name]; ok {
		if known != n.type_ {
			panic(fmt.Sprintf("%s and %s would have one name", known, n.type_))
		}
		return reference
	}
	s.types[name] = n.type_
	properties, required := map[string]any{}, []string{}
	for _, one := range n.fields {
		properties[one.name] = s.of(one.node, closed)
		if !one.optional && one.node.rule.Default == nil {
			required = append(required, one.name)
		}
	}
	said := map[string]any{"title": name, "type": "object", "properties": properties}
	if len(required) > 0 {
		said["required"] = required
	}
	if n.doc != "" {
		said["description"] = n.doc
	}
	if closed {
		said["additionalProperties"] = false
	}
	if extender, ok := reflect.New(n.type_).Interface().(Extender); ok {
		extender.Extend(said)
	}
	s.Named[name] = said
	return reference
}
