// Package problem says what the service refuses with: application/problem+json (RFC 9457) by the table of outcomes.
package problem

import "slices"

// How a problem names its media type and its kind.
const (
	MediaType  = "application/problem+json"
	TypePrefix = "urn:trivet:problem:"
)

// The codes of the table, equal to contracts/problems.json (a test compares).
const (
	InvalidRequest       = "invalid-request"
	Unauthenticated      = "unauthenticated"
	InsufficientFunds    = "insufficient-funds"
	Forbidden            = "forbidden"
	NotFound             = "not-found"
	MethodNotAllowed     = "method-not-allowed"
	OutOfStock           = "out-of-stock"
	AlreadyHeld          = "already-held"
	AlreadyExists        = "already-exists"
	RequestInFlight      = "request-in-flight"
	TooLate              = "too-late"
	HoldExpired          = "hold-expired"
	HoldReleased         = "hold-released"
	AlreadyCaptured      = "already-captured"
	ChargeVoided         = "charge-voided"
	RefundExceedsCapture = "refund-exceeds-capture"
	PayloadTooLarge      = "payload-too-large"
	UnsupportedMediaType = "unsupported-media-type"
	IdempotencyKeyReuse  = "idempotency-key-reuse"
	LockBusy             = "lock-busy"
	QueueFull            = "queue-full"
	RateLimited          = "rate-limited"
	Internal             = "internal"
	WritesFenced         = "writes-fenced"
	Unavailable          = "unavailable"
)

// Kind is one row of the table of outcomes.
//
// Definite says whether the attempt certainly had no effect; nil means that each instance says so itself, because one
// code covers both "the transaction never reached COMMIT" and "its COMMIT was cut off". Stored: decided by the effect,
// so kept and replayed. RetryAfter: the answer carries a Retry-After header in seconds. Retryable: the same request
// with the same ids may be sent again.
type Kind struct {
	Code       string
	Status     int
	Title      string
	Definite   *bool
	Retryable  bool
	Stored     bool
	RetryAfter bool
}

// Type is the URN that stands in the problem's type.
func (k Kind) Type() string { return TypePrefix + k.Code }

var (
	yes, no = true, false
	kinds   = []Kind{
		refusal(InvalidRequest, 400, "The request is malformed"),
		refusal(Unauthenticated, 401, "No valid access token"),
		decision(InsufficientFunds, 402, "Not enough money"),
		refusal(Forbidden, 403, "Not allowed"),
		refusal(NotFound, 404, "Not found"),
		refusal(MethodNotAllowed, 405, "Method not allowed"),
		decision(OutOfStock, 409, "Out of Stock"),
		decision(AlreadyHeld, 409, "Already held"),
		decision(AlreadyExists, 409, "Already exists"),
		{RequestInFlight, 409, "A request with this key is in flight", &no, true, false, true},
		decision(TooLate, 409, "Too late"),
		decision(HoldExpired, 409, "The hold has expired"),
		decision(HoldReleased, 409, "The hold was released"),
		decision(AlreadyCaptured, 409, "Already captured"),
		decision(ChargeVoided, 409, "The charge was voided"),
		decision(RefundExceedsCapture, 409, "More than was captured"),
		refusal(PayloadTooLarge, 413, "The body is too large"),
		refusal(UnsupportedMediaType, 415, "Not JSON"),
		refusal(IdempotencyKeyReuse, 422, "This key was used with another payload"),
		busy(LockBusy, "Too Many Requests"),
		busy(QueueFull, "The queue is full"),
		busy(RateLimited, "Rate limited"),
		{Internal, 500, "A defect; the outcome is unknown", &no, true, false, false},
		down(WritesFenced, "Writes are fenced"),
		down(Unavailable, "A dependency is down"),
	}
	byCode = index(kinds)
)

// Kinds returns the table, in its order.
func Kinds() []Kind { return slices.Clone(kinds) }

// KindOf returns the row of a code, and whether there is one.
func KindOf(code string) (Kind, bool) {
	kind, found := byCode[code]
	return kind, found
}

// refusal: refused before anything happened; the same request would be refused again.
func refusal(code string, status int, title string) Kind {
	return Kind{Code: code, Status: status, Title: title, Definite: &yes}
}

// decision: decided by the effect, so it is stored and replayed like a success.
func decision(code string, status int, title string) Kind {
	return Kind{Code: code, Status: status, Title: title, Definite: &yes, Stored: true}
}

// busy: turned away before the effect; worth another try a little later.
func busy(code, title string) Kind {
	return Kind{Code: code, Status: 429, Title: title, Definite: &yes, Retryable: true, RetryAfter: true}
}

// down: something that the service needs is missing; each instance says whether the effect is excluded.
func down(code, title string) Kind {
	return Kind{Code: code, Status: 503, Title: title, Retryable: true, RetryAfter: true}
}

func index(kinds []Kind) map[string]Kind {
	found := make(map[string]Kind, len(kinds))
	for _, kind := range kinds {
		found[kind.Code] = kind
	}
	return found
}
