package reserve

import "context"

// SweepOnce does one round of a sweep.
func SweepOnce(ctx context.Context, desk *Desk) error { return desk.sweep(ctx) }
