package problem

import (
	"fmt"
	"net/http"
	"strings"
)

// retryAfterS is what Retry-After says where the table asks for one and the error names no better figure.
const retryAfterS = 1

// Error is a refusal with a stable code: everything that may reach the wire is one.
//
// Detail is one sentence for a person: what happened to this request. Definite is of the instance only where the table
// leaves it open; one that says nothing there promises nothing, and reads as false. RetryAfterS are seconds, where the
// table has them. Members are extension members of the problem, Headers further ones of its answer, Err what caused it,
// which is never shown.
type Error struct {
	Code        string
	Detail      string
	Definite    *bool
	RetryAfterS int
	Members     map[string]any
	Headers     http.Header
	Err         error
}

// New returns a refusal. It panics on a code that is not of the table: that is a defect of the source.
func New(code, detail string) *Error {
	kind, found := KindOf(code)
	if !found {
		panic(fmt.Sprintf("%s is no code of the table of problems", code))
	}
	return &Error{Code: code, Detail: detail, Definite: kind.Definite}
}

// Newf returns a refusal whose detail is formatted.
func Newf(code, format string, args ...any) *Error { return New(code, fmt.Sprintf(format, args...)) }

// Definitely says that the attempt certainly had no effect. It panics where the table says otherwise.
func (e *Error) Definitely() *Error { return e.saying(true) }

// Indefinite says that the attempt may have had an effect. It panics where the table says otherwise.
func (e *Error) Indefinite() *Error { return e.saying(false) }

// After names the seconds of Retry-After. It panics where the table has none.
func (e *Error) After(seconds int) *Error {
	if !e.Kind().RetryAfter {
		panic(e.Code + " carries no Retry-After")
	}
	e.RetryAfterS = seconds
	return e
}

// With adds an extension member to the problem.
func (e *Error) With(name string, value any) *Error {
	if e.Members == nil {
		e.Members = map[string]any{}
	}
	e.Members[name] = value
	return e
}

// WithHeader adds a header to the answer.
func (e *Error) WithHeader(name, value string) *Error {
	if e.Headers == nil {
		e.Headers = http.Header{}
	}
	e.Headers.Set(name, value)
	return e
}

// Because keeps what caused the refusal, for the log alone.
func (e *Error) Because(cause error) *Error {
	e.Err = cause
	return e
}

// Kind returns the row of the table.
func (e *Error) Kind() Kind {
	kind, found := KindOf(e.Code)
	if !found {
		panic(fmt.Sprintf("%q is no code of the table of problems", e.Code))
	}
	return kind
}

// IsDefinite tells whether the attempt certainly had no effect: as the table says, or the instance where it is left to
// it.
func (e *Error) IsDefinite() bool {
	if said := e.Kind().Definite; said != nil {
		return *said
	}
	return e.Definite != nil && *e.Definite
}

// Error names the code, the detail and the cause.
func (e *Error) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%s: %s: %v", e.Code, e.Detail, e.Err)
	}
	return e.Code + ": " + e.Detail
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

func (e *Error) saying(definite bool) *Error {
	if said := e.Kind().Definite; said != nil && *said != definite {
		panic(fmt.Sprintf("%s is always definite=%t", e.Code, *said))
	}
	e.Definite = &definite
	return e
}

// Fault is what is wrong with one field of a request.
type Fault struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

// OfFaults returns the refusal of every fault at once; its member "errors" lists them.
func OfFaults(faults ...Fault) *Error {
	told := make([]string, len(faults))
	for i, fault := range faults {
		told[i] = fault.Field + ": " + fault.Message
	}
	return New(InvalidRequest, strings.Join(told, "; ")).With("errors", faults)
}

// NoToken returns the refusal of a token that is not valid, with its challenge (RFC 6750 section 3).
func NoToken(detail string) *Error {
	return New(Unauthenticated, detail).WithHeader("www-authenticate", `Bearer error="invalid_token"`)
}
