package route

import (
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"trivet/reservation/internal/problem"
	"trivet/reservation/internal/strictjson"
)

// newOperation returns what serves a route.
func newOperation(one Route) *operation {
	made := &operation{route: one, parameters: parametersOf(one.Parameters)}
	if one.Body != nil {
		type_ := reflect.TypeOf(one.Body)
		strictjson.Ready(type_)
		made.newBody = func() any { return reflect.New(type_).Interface() }
	}
	return made
}

// ensureSound panics over a table with a hole: an operation that nobody said who may do, say, is none.
func ensureSound(routes []Route) {
	operations, places := map[string]bool{}, map[string]bool{}
	for _, one := range routes {
		for fault, isThere := range map[string]bool{
			"has no operation id of its own":       one.Operation == "" || operations[one.Operation],
			"is there twice":                       places[one.Method+one.Pattern],
			"needs no scope, so nobody may ask it": one.Scope == "" || strings.ContainsAny(one.Scope, ` "\`),
			"has not one handler":                  (one.Handle == nil) == (one.Stream == nil),
			"streams what, nobody knows":           (one.Stream == nil) != (one.MediaType == ""),
			"answers with what, nobody knows":      one.Stream == nil && one.Answer == nil,
			"says not how it succeeds":             one.Status < 200 || one.Status > 299 || one.Done == "",
			"has no summary":                       one.Summary == "",
			"is of no method":                      !slices.Contains(methods, one.Method),
			"has other holes than parameters":      !slices.Equal(holesOf(one.Pattern), pathNames(one)),
		} {
			if isThere {
				panic(fmt.Sprintf("%s %s (%s) %s", one.Method, one.Pattern, one.Operation, fault))
			}
		}
		for _, code := range one.Refusals {
			problem.New(code, "") // it panics over a code that is none
		}
		operations[one.Operation], places[one.Method+one.Pattern] = true, true
	}
}

var methods = []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}

func holesOf(pattern string) []string {
	var found []string
	for segment := range strings.SplitSeq(pattern, "/") {
		if isHole(segment) {
			found = append(found, strings.Trim(segment, "{}"))
		}
	}
	slices.Sort(found)
	return found
}

func pathNames(one Route) []string {
	var found []string
	if declared := parametersOf(one.Parameters); declared != nil {
		for _, parameter := range declared.listed {
			if parameter.place == "path" {
				found = append(found, parameter.name)
			}
		}
	}
	slices.Sort(found)
	return found
}
