package ledger

import (
	"errors"
	"io"
	"net"
	"strings"
)

// isCut tells whether an error is of a connection that ended.
func isCut(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		strings.Contains(err.Error(), "conn closed")
}
