package api

import (
	"errors"

	"trivet/reservation/internal/problem"
)

func asProblem(err error) (*problem.Error, bool) {
	var refused *problem.Error
	return refused, errors.As(err, &refused)
}
