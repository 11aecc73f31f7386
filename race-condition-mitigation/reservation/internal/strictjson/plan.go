package strictjson

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"sync"
)

type kind int

const (
	text kind = iota
	integer
	boolean
	list
	record
	union
	raw
)

// node is what the declaration of one value says; made once for each type.
type node struct {
	kind     kind
	type_    reflect.Type
	rule     Rule
	matches  matcher
	nullable bool
	item     *node
	doc      string
	fields   []field
	variants []variant
	property string
}

// field is one member of a record. An optional one may be left out; a nullable one may be null.
type field struct {
	name     string
	index    []int
	node     *node
	optional bool
}

// variant is one form of a union, by what its discriminator says.
type variant struct {
	word  string
	index int
	node  *node
}

// Union is a struct of pointers to the forms that a value may have, of which one is set: the one whose constant is what
// the property of this name says.
type Union interface{ Discriminator() string }

// Checker is a struct with a rule that no field has alone. Check returns the field and what is wrong there, "" if
// nothing is.
type Checker interface{ Check() (field, fault string) }

// Extender is a struct that adds to what the document says of it, so that Check is told there too.
type Extender interface{ Extend(schema map[string]any) }

var (
	plans      sync.Map
	rawMessage = reflect.TypeFor[json.RawMessage]()
)

// planOf returns the plan of a type, which it panics over if it is none that is read or written here.
func planOf(type_ reflect.Type) *node {
	if found, ok := plans.Load(type_); ok {
		return found.(*node)
	}
	made := plan(type_, "")
	plans.Store(type_, made)
	return made
}

func plan(type_ reflect.Type, tag reflect.StructTag) *node {
	if type_.Kind() == reflect.Pointer {
		made := plan(type_.Elem(), tag)
		made.nullable = true
		return made
	}
	made := &node{type_: type_, rule: ruleOf(type_).refined(tag)}
	if made.rule.Pattern != "" {
		made.matches = matcherOf(made.rule.Pattern)
	}
	switch {
	case type_ == rawMessage:
		made.kind = raw
	case type_.Kind() == reflect.String:
		made.kind = text
	case type_.Kind() == reflect.Int64, type_.Kind() == reflect.Int:
		made.kind = integer
	case type_.Kind() == reflect.Bool:
		made.kind = boolean
	case type_.Kind() == reflect.Slice:
		made.kind, made.item = list, plan(type_.Elem(), "")
	case type_.Kind() == reflect.Struct:
		planStruct(made)
	default:
		panic(fmt.Sprintf("%s is no type that goes over the wire", type_))
	}
	return made
}

func planStruct(made *node) {
	if said, ok := reflect.Zero(made.type_).Interface().(Union); ok {
		made.kind, made.property = union, said.Discriminator()
		for i := range made.type_.NumField() {
			form := plan(made.type_.Field(i).Type, "")
			form.nullable = false
			made.variants = append(made.variants, variant{constantOf(form, made.property), i, form})
		}
		return
	}
	made.kind = record
	made.addFields(made.type_, nil)
}

func (n *node) addFields(type_ reflect.Type, outer []int) {
	for i := range type_.NumField() {
		declared := type_.Field(i)
		index := append(append([]int(nil), outer...), i)
		if declared.Name == "_" {
			n.doc = declared.Tag.Get("doc")
			continue
		}
		name, options, _ := strings.Cut(declared.Tag.Get("json"), ",")
		if _, isHeader := declared.Tag.Lookup("header"); isHeader {
			continue // how somebody asks is no part of what they ask for
		}
		if name == "" { // a parameter of a route, which stands beside a body
			name = declared.Tag.Get("path") + declared.Tag.Get("query")
		}
		switch {
		case declared.Anonymous && name == "":
			n.addFields(declared.Type, index)
		case name == "" || name == "-" || !declared.IsExported():
			panic(fmt.Sprintf("the field %s of %s names no member", declared.Name, type_))
		default:
			optional := strings.Contains(options, "omitempty") || strings.Contains(options, "omitzero")
			n.fields = append(n.fields, field{name, index, plan(declared.Type, declared.Tag), optional})
		}
	}
}

func constantOf(form *node, property string) string {
	for _, one := range form.fields {
		if one.name == property && one.node.rule.Const != "" {
			return one.node.rule.Const
		}
	}
	panic(fmt.Sprintf("%s has no constant %s", form.type_, property))
}

// Ready panics if a type cannot be read as a request: everything that a caller chooses has a bound. It is asked at the
// start, so that a declaration with a hole never serves anybody.
func Ready(type_ reflect.Type) { planOf(type_).mustBeBounded(type_.String()) }

func (n *node) mustBeBounded(where string) {
	bounded := true
	switch n.kind {
	case text:
		bounded = n.matches != nil || n.rule.MaxLen > 0 || n.rule.Enum != nil || n.rule.Const != ""
	case integer:
		bounded = n.rule.Min != nil && n.rule.Max != nil
	case list:
		bounded = n.rule.MaxItems > 0
		n.item.mustBeBounded(where + "[]")
	case raw:
		bounded = false
	}
	if !bounded {
		panic(fmt.Sprintf("%s has no bound", where))
	}
	for _, one := range n.fields {
		one.node.mustBeBounded(where + "." + one.name)
	}
	for _, one := range n.variants {
		one.node.mustBeBounded(where + "." + one.word)
	}
}
