package strictjson

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"trivet/reservation/internal/problem"
)

// faultsMax is how many faults of a request are told: a body of nothing but unknown fields would be answered with a
// longer one.
const faultsMax = 20

// Decode reads a body into what into points to.
//
// It returns a problem (invalid-request) of a body that is no JSON, or is JSON that two readers could understand
// differently, or of every field at once that is not as declared.
func Decode(body []byte, into any) error {
	faults, err := Collect(body, into)
	if err == nil && len(faults) > 0 {
		err = problem.OfFaults(faults...)
	}
	return err
}

// Collect reads a body as Decode does and returns the faults of its fields, to be told with others of the request.
func Collect(body []byte, into any) ([]problem.Fault, error) {
	tree, err := parse(body)
	if err != nil {
		return nil, err
	}
	target := reflect.ValueOf(into).Elem()
	b := &binder{}
	b.bind(planOf(target.Type()), tree, target, path{name: "body"})
	return b.faults, nil
}

// Text reads one parameter, whose value is always a text, into what into points to; tag refines the rule of its type.
// It returns what is wrong with it, "" if nothing is.
func Text(value string, into reflect.Value, tag reflect.StructTag) string {
	if !utf8.ValidString(value) || strings.IndexByte(value, 0) >= 0 {
		return "Input should be a valid string"
	}
	b := &binder{}
	made := parameterPlan(into.Type(), tag)
	var tree any = value
	if made.kind == integer {
		tree = number(value)
	}
	if b.bind(made, tree, into, path{}); len(b.faults) > 0 {
		return b.faults[0].Message
	}
	return ""
}

// ReadyText panics if a parameter cannot be read: it is no text or number, or has no bound.
func ReadyText(type_ reflect.Type, tag reflect.StructTag) {
	made := parameterPlan(type_, tag)
	if made.kind != text && made.kind != integer {
		panic(fmt.Sprintf("%s is no parameter", type_))
	}
	made.mustBeBounded(type_.String())
}

// Default puts what a tag declares in place of a parameter that is not there, and tells whether it declares any.
func Default(into reflect.Value, tag reflect.StructTag) bool {
	fallback := parameterPlan(into.Type(), tag).rule.Default
	if fallback != nil {
		setDefault(into, *fallback)
	}
	return fallback != nil
}

// path is where a value is: pieces are put together only for a fault.
type path struct {
	outer  *path
	name   string
	at     int
	isItem bool
}

func (p path) field(name string) path { return path{outer: &p, name: name} }
func (p path) item(at int) path       { return path{outer: &p, at: at, isItem: true} }

func (p path) String() string {
	own := p.name
	if p.outer == nil {
		return own
	}
	if p.isItem {
		own = strconv.Itoa(p.at)
	}
	return p.outer.String() + "." + own
}

// binder puts a tree into a struct and keeps what is wrong with it.
type binder struct{ faults []problem.Fault }

func (b *binder) fault(where path, message string) {
	if len(b.faults) < faultsMax {
		b.faults = append(b.faults, problem.Fault{Field: where.String(), Message: message})
	}
}

func (b *binder) told(where path, message string) bool {
	if message != "" {
		b.fault(where, message)
	}
	return message != ""
}

func (b *binder) bind(n *node, value any, into reflect.Value, where path) {
	if into.Kind() == reflect.Pointer {
		if value == nil {
			return
		}
		into.Set(reflect.New(into.Type().Elem()))
		into = into.Elem()
	}
	switch n.kind {
	case text:
		b.bindText(n, value, into, where)
	case integer:
		b.bindInteger(n, value, into, where)
	case boolean:
		found, ok := value.(bool)
		if !ok {
			b.fault(where, "Input should be a valid boolean")
			return
		}
		into.SetBool(found)
	case list:
		b.bindList(n, value, into, where)
	case record:
		b.bindRecord(n, value, into, where)
	case union:
		b.bindUnion(n, value, into, where)
	default:
		panic(fmt.Sprintf("%s is only ever written", n.type_))
	}
}

func (b *binder) bindText(n *node, value any, into reflect.Value, where path) {
	found, ok := value.(string)
	if !ok {
		b.fault(where, "Input should be a valid string")
		return
	}
	if !b.told(where, n.faultOfText(found)) {
		into.SetString(found)
	}
}

func (b *binder) bindInteger(n *node, value any, into reflect.Value, where path) {
	literal, ok := value.(number)
	if !ok {
		b.fault(where, "Input should be a valid integer")
		return
	}
	found, message := wholeOf(string(literal))
	if !b.told(where, message) && !b.told(where, n.faultOfNumber(found)) {
		into.SetInt(found)
	}
}

func (b *binder) bindList(n *node, value any, into reflect.Value, where path) {
	found, ok := value.([]any)
	if !ok {
		b.fault(where, "Input should be a valid list")
		return
	}
	if b.told(where, n.faultOfLength(len(found))) {
		return
	}
	made := reflect.MakeSlice(into.Type(), len(found), len(found))
	seen := map[string]bool{}
	for i, one := range found {
		b.bind(n.item, one, made.Index(i), where.item(i))
		if !n.rule.Unique {
			continue
		}
		same, _ := one.(string)
		if seen[same] {
			b.fault(where.item(i), "Input is there twice")
		}
		seen[same] = true
	}
	into.Set(made)
}

func (b *binder) bindRecord(n *node, value any, into reflect.Value, where path) {
	found, ok := value.(object)
	if !ok {
		b.fault(where, "Input should be a valid object")
		return
	}
	before := len(b.faults)
	known := 0
	for _, one := range n.fields {
		place := into.FieldByIndex(one.index)
		given, there := found.find(one.name)
		switch {
		case there && given == nil && !one.node.nullable:
			b.fault(where.field(one.name), "Input should not be null")
		case there:
			b.bind(one.node, given, place, where.field(one.name))
		case one.node.rule.Default != nil:
			setDefault(place, *one.node.rule.Default)
		case !one.optional:
			b.fault(where.field(one.name), "Field required")
		}
		if there {
			known++
		}
	}
	if known < len(found) {
		b.tellUnknown(n, found, where)
	}
	if checker, ok := into.Addr().Interface().(Checker); ok && len(b.faults) == before {
		if name, message := checker.Check(); message != "" {
			b.fault(where.field(name), message)
		}
	}
}

func (b *binder) tellUnknown(n *node, found object, where path) {
	names := map[string]bool{}
	for _, one := range n.fields {
		names[one.name] = true
	}
	for _, one := range found {
		if !names[one.name] {
			b.fault(where.field(one.name), "Extra inputs are not permitted")
		}
	}
}

func (b *binder) bindUnion(n *node, value any, into reflect.Value, where path) {
	found, ok := value.(object)
	if !ok {
		b.fault(where, "Input should be a valid object")
		return
	}
	said, _ := found.find(n.property)
	words := make([]string, len(n.variants))
	for i, one := range n.variants {
		if words[i] = one.word; said == one.word {
			b.bind(one.node, value, into.Field(one.index), where)
			return
		}
	}
	b.fault(where.field(n.property), "Input should be '"+strings.Join(words, "' or '")+"'")
}

func setDefault(place reflect.Value, value string) {
	switch place.Kind() {
	case reflect.String:
		place.SetString(value)
	case reflect.Bool:
		place.SetBool(value == "true")
	default:
		place.SetInt(wholeNumber(value))
	}
}
