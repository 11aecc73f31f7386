package seats

import (
	"errors"
	"fmt"
	"net"
	"strings"
)

// ErrUnloaded says that the memory of a show is empty: it must be loaded from PostgreSQL before anybody holds a seat.
var ErrUnloaded = errors.New("the show's memory is not loaded")

// ReplyError is a reply that no script gives.
type ReplyError struct{ Reply string }

// Error tells its first word alone: what follows may be a record, and in it a hold's token.
func (e *ReplyError) Error() string {
	word, _, _ := strings.Cut(e.Reply, "|")
	return fmt.Sprintf("valkey replied %.40q …", word)
}

// AwayError says that Valkey did not answer. Sent tells whether it may have done what it was asked all the same.
type AwayError struct {
	Sent bool
	Err  error
}

func (e *AwayError) Error() string { return "valkey does not answer: " + e.Err.Error() }

// Unwrap returns the driver's error.
func (e *AwayError) Unwrap() error { return e.Err }

// away translates a driver's error. Only a connection that was never made is known to have carried nothing.
func away(err error) error {
	var op *net.OpError
	dialled := errors.As(err, &op) && op.Op == "dial"
	return &AwayError{Sent: !dialled, Err: err}
}
