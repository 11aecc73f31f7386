package api

import (
	"encoding/json"
	"time"

	"trivet/reservation/internal/hold"
	"trivet/reservation/internal/reserve"
)

// HoldIn asks for seats.
type HoldIn struct {
	_      struct{} `doc:"Seats to be held, all or none."`
	ID     HoldID   `json:"id"`
	ShowID ShowID   `json:"show_id"`
	Seats  []SeatID `json:"seats" minItems:"1" maxItems:"100" unique:"true"`
	TTLMS  TTL      `json:"ttl_ms,omitempty" doc:"How long, in ms; the usual time if it is left out." example:"120000"`
}

// LineOut is a seat with its price.
type LineOut struct {
	Seat           string `json:"seat"`
	UnitPriceMinor int64  `json:"unit_price_minor"`
}

// HoldOut is a hold as its holder is told of it.
type HoldOut struct {
	ID          string    `json:"id"`
	ShowID      string    `json:"show_id"`
	State       string    `json:"state" const:"held"`
	Seats       []string  `json:"seats"`
	Token       string    `json:"token" doc:"The hold's secret: whoever shows it may extend the hold, and an order pin it."`
	ExpiresAt   string    `json:"expires_at" doc:"When the hold ends by itself, on the server's clock."`
	ExpiresInMS int64     `json:"expires_in_ms" doc:"The time for which it was granted."`
	Lines       []LineOut `json:"lines"`
	TotalMinor  int64     `json:"total_minor"`
	Currency    string    `json:"currency"`
}

func holdOut(granted reserve.Granted) HoldOut {
	return HoldOut{
		ID: granted.Name.ID, ShowID: granted.Name.ShowID, State: string(hold.Held), Seats: seatsOf(granted.Lines),
		Token: granted.Token, ExpiresAt: stamp(granted.ExpiresAt), ExpiresInMS: granted.TTLMS,
		Lines: lines(granted.Lines), TotalMinor: hold.Total(granted.Lines), Currency: granted.Currency,
	}
}

// ExtendIn asks for more time.
type ExtendIn struct {
	ShowID ShowID `json:"show_id"`
	Token  Token  `json:"token"`
	TTLMS  TTL    `json:"ttl_ms" doc:"How long from now, in ms." example:"120000"`
}

// ExtendOut is a hold with its new end.
type ExtendOut struct {
	ID          string   `json:"id"`
	ShowID      string   `json:"show_id"`
	State       string   `json:"state" const:"held"`
	Seats       []string `json:"seats"`
	ExpiresAt   string   `json:"expires_at"`
	ExpiresInMS int64    `json:"expires_in_ms" doc:"How long from now: less than was asked for where the hold's whole lifetime allows no more."`
}

func extendOut(standing reserve.Standing) ExtendOut {
	return ExtendOut{
		ID: standing.Name.ID, ShowID: standing.Name.ShowID, State: string(hold.Held), Seats: standing.Seats,
		ExpiresAt: stamp(*standing.ExpiresAt), ExpiresInMS: standing.LeftMS,
	}
}

// ReleaseOut is a hold that was given back.
type ReleaseOut struct {
	ID     string `json:"id"`
	ShowID string `json:"show_id"`
	State  string `json:"state" const:"released"`
}

// StandingOut is a hold as it is now.
type StandingOut struct {
	ID        string   `json:"id"`
	ShowID    string   `json:"show_id"`
	State     string   `json:"state" enum:"held|expired|released|pinning|pinned|sold"`
	Seats     []string `json:"seats"`
	ExpiresAt *string  `json:"expires_at" doc:"When it ends or ended by itself; null once an order has it."`
	OrderID   *string  `json:"order_id" doc:"The order that has it; null if none has."`
}

func standingOut(standing reserve.Standing) StandingOut {
	out := StandingOut{ID: standing.Name.ID, ShowID: standing.Name.ShowID, State: string(standing.State), Seats: standing.Seats}
	if out.Seats == nil {
		out.Seats = []string{}
	}
	if standing.ExpiresAt != nil {
		at := stamp(*standing.ExpiresAt)
		out.ExpiresAt = &at
	}
	if standing.OrderID != "" && standing.State != hold.Released {
		out.OrderID = &standing.OrderID
	}
	return out
}

// PinIn makes a hold an order's.
type PinIn struct {
	ShowID  ShowID  `json:"show_id"`
	Subject Subject `json:"subject"`
	Token   Token   `json:"token"`
	OrderID OrderID `json:"order_id"`
}

// ConfirmIn sells what an order has.
type ConfirmIn struct {
	ShowID  ShowID  `json:"show_id"`
	Subject Subject `json:"subject"`
	OrderID OrderID `json:"order_id"`
	Token   Token   `json:"token,omitempty" doc:"Needed for a hold that the order has not pinned: it is then pinned and sold in one."`
}

// SettledOut is what an order has.
type SettledOut struct {
	ID         string    `json:"id"`
	ShowID     string    `json:"show_id"`
	Subject    string    `json:"subject"`
	OrderID    string    `json:"order_id"`
	State      string    `json:"state" enum:"pinned|sold"`
	Fence      int64     `json:"fence" doc:"Greater than that of whoever had these seats before."`
	Seats      []string  `json:"seats"`
	Lines      []LineOut `json:"lines"`
	TotalMinor int64     `json:"total_minor"`
	Currency   string    `json:"currency"`
}

func settledOut(settled reserve.Settled, state hold.State) SettledOut {
	return SettledOut{
		ID: settled.Name.ID, ShowID: settled.Name.ShowID, Subject: settled.Name.Subject, OrderID: settled.OrderID,
		State: string(state), Fence: settled.Fence, Seats: seatsOf(settled.Lines), Lines: lines(settled.Lines),
		TotalMinor: hold.Total(settled.Lines), Currency: settled.Currency,
	}
}

func lines(prices []hold.Price) []LineOut {
	out := make([]LineOut, len(prices))
	for place, price := range prices {
		out[place] = LineOut(price)
	}
	return out
}

func seatsOf(prices []hold.Price) []string {
	out := make([]string, len(prices))
	for place, price := range prices {
		out[place] = price.Seat
	}
	return out
}

func texts[T ~string](words []T) []string {
	out := make([]string, len(words))
	for place, word := range words {
		out[place] = string(word)
	}
	return out
}

// stamp writes a time as every service does: RFC 3339 in UTC, to the millisecond.
func stamp(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000Z") }

// AnswerOut is what one entry of a batch was told, as the single request would have been.
type AnswerOut struct {
	ID       string          `json:"id"`
	Status   int64           `json:"status"`
	Replayed bool            `json:"replayed"`
	Body     json.RawMessage `json:"body"`
}

// BatchOut has an answer for each entry, in their order.
type BatchOut struct {
	Answers []AnswerOut `json:"answers"`
}
