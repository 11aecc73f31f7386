// Command trivet-reservation holds seats that two people can never both hold.
package main

import (
	_ "github.com/go-jose/go-jose/v4"
	_ "github.com/jackc/pgx/v5/pgxpool"
	_ "github.com/prometheus/client_golang/prometheus"
	_ "github.com/valkey-io/valkey-go"
)

func main() {}
