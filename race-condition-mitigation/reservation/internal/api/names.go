package api

import "trivet/reservation/internal/strictjson"

// ShowID names a show, in paths, bodies and Valkey's hash tags.
type ShowID string

// Rule is what a show's id looks like; `batch` would be a path of its own.
func (ShowID) Rule() strictjson.Rule {
	return strictjson.Rule{Pattern: `^[a-z0-9-]{1,64}$`, Not: []string{"batch"}, Doc: "The show.", Example: "hamlet"}
}

// SeatID names a seat within its show.
type SeatID string

// Rule is what a seat's id looks like.
func (SeatID) Rule() strictjson.Rule {
	return strictjson.Rule{Pattern: `^[a-z0-9-]{1,64}$`, Doc: "A seat of the show.", Example: "stalls-1-7"}
}

// HoldID names a hold, by its caller's choice.
type HoldID string

// Rule is what a hold's id looks like; `batch` would be a path of its own.
func (HoldID) Rule() strictjson.Rule {
	return strictjson.Rule{
		Pattern: `^[A-Za-z0-9_:.-]{1,128}$`, Not: []string{"batch"}, Example: "order-1:hold",
		Doc: "The hold, by its caller's choice: unique for a subject within a show. Whoever repeats it is told the same again.",
	}
}

// OrderID names an order.
type OrderID string

// Rule is what an order's id looks like.
func (OrderID) Rule() strictjson.Rule {
	return strictjson.Rule{Pattern: `^[A-Za-z0-9_:.-]{1,128}$`, Doc: "The order that wants the seats for good.", Example: "order-1"}
}

// Subject names the customer for whom a service acts.
type Subject string

// Rule is what a subject looks like: as in an access token's sub.
func (Subject) Rule() strictjson.Rule {
	return strictjson.Rule{MinLen: 1, MaxLen: 255, Doc: "The customer for whom the caller acts: whose hold it is.", Example: "alice"}
}

// Token is the secret of a hold.
type Token string

// Rule is what a token looks like; any other text is no hold's.
func (Token) Rule() strictjson.Rule {
	return strictjson.Rule{
		MinLen: 1, MaxLen: 64, Example: "9f86d081884c7d659a2feaa0c55ad015",
		Doc: "The secret that the hold's answer told its holder, and nobody else.",
	}
}

// TTL is how long a hold lives.
type TTL int64

// Rule is how long a hold may live at all; a setting may allow less.
func (TTL) Rule() strictjson.Rule {
	return strictjson.Between(1000, 86_400_000, "How long the seats are held, in ms.")
}

// Minor is an amount of money.
type Minor int64

// Rule is how much one seat may cost.
func (Minor) Rule() strictjson.Rule {
	return strictjson.Between(0, 1_000_000_000_000, "Minor units, cents as a rule.")
}
