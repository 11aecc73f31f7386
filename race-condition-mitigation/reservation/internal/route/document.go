package route

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"trivet/reservation/internal/problem"
	"trivet/reservation/internal/strictjson"
	"trivet/reservation/internal/token"
)

// Info is how a document begins.
type Info struct {
	Title   string
	Summary string
	Version string
}

type object = map[string]any

var (
	text          = object{"type": "string"}
	answerHeaders = object{
		"traceparent":   object{"description": "W3C Trace Context of this answer.", "schema": text},
		"x-trivet-node": object{"description": "The replica that answered, host:port.", "schema": text},
	}
	replayedHeader = object{
		"description": "`true` if an earlier request with this key was told the same.",
		"schema":      object{"type": "string", "enum": []string{"true"}},
	}
	retryAfter      = object{"description": "Seconds to wait.", "schema": object{"type": "integer", "minimum": 1}}
	challenge       = object{"description": "What is wrong with the token (RFC 6750 §3).", "schema": text}
	securitySchemes = object{token.Scheme: object{
		"type":         "http",
		"scheme":       "bearer",
		"bearerFormat": "JWT",
		"description":  "An access token (RFC 9068) of the issuer that the service is set up with.",
	}}
	problemSchema = object{
		"title":       "Problem",
		"description": "A refusal (RFC 9457).",
		"type":        "object",
		"properties": object{
			"type":     text,
			"title":    text,
			"status":   object{"type": "integer"},
			"detail":   text,
			"code":     text,
			"definite": object{"type": "boolean", "description": "Whether the request certainly had no effect."},
			"retryable": object{
				"type":        "boolean",
				"description": "Whether the same request with the same Idempotency-Key may be sent again.",
			},
			"trace_id": object{"type": "string", "pattern": "^[0-9a-f]{32}$"},
		},
		"required": []string{
			"type", "title", "status", "detail", "code", "definite", "retryable", "trace_id",
		},
		"additionalProperties": true,
	}
)

// Document returns the OpenAPI 3.1 document of a table.
func Document(info Info, routes []Route) map[string]any {
	ensureSound(routes)
	schemas := strictjson.NewSchemas()
	schemas.Named["Problem"] = problemSchema
	for _, one := range routes { // before the answers: what both have is as strict as what is sent
		if one.Body != nil {
			schemas.OfRequest(reflect.TypeOf(one.Body))
		}
	}
	paths := object{}
	for _, one := range routes {
		methods, known := paths[one.Pattern].(object)
		if !known {
			methods = object{}
			paths[one.Pattern] = methods
		}
		methods[strings.ToLower(one.Method)] = describe(one, schemas)
	}
	return object{
		"openapi":    "3.1.0",
		"info":       object{"title": info.Title, "summary": info.Summary, "version": info.Version},
		"paths":      paths,
		"components": object{"schemas": schemas.Named, "securitySchemes": securitySchemes},
	}
}

// WriteDocument prints a document, the same to the last byte for the same table.
func WriteDocument(out io.Writer, document map[string]any) error {
	var written bytes.Buffer
	encoder := json.NewEncoder(&written)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(document); err != nil {
		return err
	}
	_, err := out.Write(written.Bytes())
	return err
}

func describe(one Route, schemas *strictjson.Schemas) object {
	said := object{
		"operationId": one.Operation,
		"summary":     one.Summary,
		"tags":        []string{strings.Split(one.Pattern, "/")[1]},
		"security":    []any{object{token.Scheme: []string{one.Scope}}},
	}
	if one.Description != "" {
		said["description"] = one.Description
	}
	if one.Body != nil {
		schema := schemas.OfRequest(reflect.TypeOf(one.Body))
		said["requestBody"] = object{"required": true, "content": object{JSON: object{"schema": schema}}}
	}
	if parameters := describeParameters(one, schemas); len(parameters) > 0 {
		said["parameters"] = parameters
	}
	responses := refuses(codesOf(one)...)
	responses[strconv.Itoa(one.Status)] = describeSuccess(one, schemas)
	said["responses"] = responses
	return said
}

func describeSuccess(one Route, schemas *strictjson.Schemas) object {
	headers := maps.Clone(answerHeaders)
	if one.Key != KeyNone || one.Replays {
		headers["idempotency-replayed"] = replayedHeader
	}
	for name, description := range one.Headers {
		headers[name] = object{"description": description, "schema": text}
	}
	mediaType, schema := one.MediaType, text
	if one.Stream == nil {
		mediaType, schema = JSON, schemas.OfAnswer(reflect.TypeOf(one.Answer))
	}
	return object{"description": one.Done, "headers": headers, "content": object{mediaType: object{"schema": schema}}}
}

func describeParameters(one Route, schemas *strictjson.Schemas) []any {
	var said []any
	if one.Key != KeyNone {
		said = append(said, object{
			"name":        KeyHeader,
			"in":          "header",
			"required":    one.Key == KeyRequired,
			"description": "Makes the request repeatable: the same key is the same operation, done once.",
			"schema":      object{"type": "string", "minLength": 1, "maxLength": keyCharactersMax, "pattern": keyPattern},
			"example":     "order-1-line-1",
		})
	}
	declared := parametersOf(one.Parameters)
	if declared == nil {
		return said
	}
	for _, parameter := range declared.listed {
		schema := schemas.OfParameter(parameter.type_, parameter.tag)
		each := object{
			"name": parameter.name, "in": parameter.place, "required": !parameter.optional, "schema": schema,
		}
		if description, ok := schema["description"]; ok {
			each["description"] = description
			delete(schema, "description")
		}
		said = append(said, each)
	}
	return said
}

// codesOf returns every code that a route may answer with.
func codesOf(one Route) []string {
	codes := []string{problem.Unauthenticated, problem.Forbidden, problem.InvalidRequest}
	if one.Body != nil {
		codes = append(codes, problem.PayloadTooLarge, problem.UnsupportedMediaType)
	}
	if one.Key != KeyNone {
		codes = append(codes, problem.RequestInFlight, problem.IdempotencyKeyReuse)
	}
	codes = append(codes, one.Refusals...)
	codes = append(codes, problem.QueueFull, problem.Internal, problem.Unavailable)
	var found []string
	for _, code := range codes {
		if !slices.Contains(found, code) {
			found = append(found, code)
		}
	}
	return found
}

// refuses returns the documentation of refusals; codes of one status share a response, with an example each.
func refuses(codes ...string) object {
	documented := object{}
	for _, code := range codes {
		kind, found := problem.KindOf(code)
		if !found {
			panic(fmt.Sprintf("%s is no code", code))
		}
		status := strconv.Itoa(kind.Status)
		response, known := documented[status].(object)
		if !known {
			response = object{
				"description": kind.Title,
				"headers":     maps.Clone(answerHeaders),
				"content": object{problem.MediaType: object{
					"schema": object{"$ref": "#/components/schemas/Problem"}, "examples": object{},
				}},
			}
			documented[status] = response
		} else {
			response["description"] = response["description"].(string) + "; " + kind.Title
		}
		addHeaders(response["headers"].(object), kind)
		content := response["content"].(object)[problem.MediaType].(object)
		content["examples"].(object)[code] = object{"value": exampleOf(kind)}
	}
	return documented
}

func addHeaders(headers object, kind problem.Kind) {
	if kind.Stored {
		headers["idempotency-replayed"] = replayedHeader
	}
	if kind.RetryAfter {
		headers["retry-after"] = retryAfter
	}
	if kind.Code == problem.Unauthenticated || kind.Code == problem.Forbidden {
		headers["www-authenticate"] = challenge
	}
}

func exampleOf(kind problem.Kind) object {
	return object{
		"type":      kind.Type(),
		"title":     kind.Title,
		"status":    kind.Status,
		"detail":    "What happened to this request.",
		"code":      kind.Code,
		"definite":  kind.Definite == nil || *kind.Definite,
		"retryable": kind.Retryable,
		"trace_id":  "4bf92f3577b34da6a3ce929d0e0e4736",
	}
}
