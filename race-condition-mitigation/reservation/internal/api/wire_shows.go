package api

import (
	"strconv"

	"trivet/reservation/internal/ledger"
)

// seatsMost is the size of the greatest hall.
const seatsMost = 50_000

// NewBlock is a part of a hall whose seats cost the same: named one by one, or in rows.
type NewBlock struct {
	_              struct{} `doc:"Seats of one price: named one by one, or as rows, whose seats are then {block}-{row}-{number} from 1."`
	Name           string   `json:"name" pattern:"^[a-z0-9-]{1,32}$" example:"stalls"`
	UnitPriceMinor Minor    `json:"unit_price_minor" example:"4500"`
	Currency       string   `json:"currency" pattern:"^[A-Z]{3}$" example:"EUR" doc:"One for all blocks of a show, since an order is paid as one sum."`
	Seats          []SeatID `json:"seats,omitempty" minItems:"1" maxItems:"5000" unique:"true"`
	Rows           int64    `json:"rows,omitempty" min:"1" max:"1000" example:"20"`
	SeatsPerRow    int64    `json:"seats_per_row,omitempty" min:"1" max:"1000" example:"30"`
}

// Check wants either seats or rows of them.
func (b NewBlock) Check() (string, string) {
	rows := b.Rows > 0 && b.SeatsPerRow > 0
	if (len(b.Seats) > 0) == rows || (b.Rows > 0) != (b.SeatsPerRow > 0) {
		return "seats", "Either seats, or rows and seats_per_row"
	}
	return "", ""
}

func (b NewBlock) count() int64 { return int64(len(b.Seats)) + b.Rows*b.SeatsPerRow }

// Extend tells Check in the document.
func (NewBlock) Extend(schema map[string]any) {
	schema["oneOf"] = []any{
		map[string]any{"required": []any{"seats"}},
		map[string]any{"required": []any{"rows", "seats_per_row"}},
	}
}

// NewShow is a show to be put on sale.
type NewShow struct {
	_      struct{}   `doc:"A show to be put on sale, of 1 to 50,000 seats."`
	ID     *ShowID    `json:"id,omitempty" doc:"The show's id; one is made up if it is left out."`
	Name   string     `json:"name" minLength:"1" maxLength:"200" example:"Hamlet"`
	Blocks []NewBlock `json:"blocks" minItems:"1" maxItems:"200"`
}

// Check wants a hall that can be sold as one: few enough seats, one currency, and no name twice.
func (s NewShow) Check() (string, string) {
	var count int64
	names, seats := map[string]bool{}, map[string]bool{}
	for _, block := range s.Blocks {
		if count += block.count(); count > seatsMost {
			return "blocks", "A show has at most 50000 seats"
		}
		if block.Currency != s.Blocks[0].Currency {
			return "blocks", "All blocks of a show have one currency"
		}
		if names[block.Name] {
			return "blocks", "A block's name is there twice"
		}
		names[block.Name] = true
		for _, seat := range block.ids() {
			if len(seat) > 64 || seats[seat] {
				return "blocks", "A seat's id is there twice, or longer than 64"
			}
			seats[seat] = true
		}
	}
	return "", ""
}

func (b NewBlock) ids() []string {
	ids := make([]string, 0, b.count())
	for _, seat := range b.Seats {
		ids = append(ids, string(seat))
	}
	for row := range b.Rows {
		for number := range b.SeatsPerRow {
			ids = append(ids, b.Name+"-"+strconv.FormatInt(row+1, 10)+"-"+strconv.FormatInt(number+1, 10))
		}
	}
	return ids
}

func (s NewShow) show(id string) ledger.Show {
	show := ledger.Show{ID: id, Name: s.Name, Currency: s.Blocks[0].Currency}
	for _, block := range s.Blocks {
		show.Blocks = append(show.Blocks, ledger.Block{Name: block.Name, UnitPriceMinor: int64(block.UnitPriceMinor), Seats: block.ids()})
	}
	return show
}

// BlockOut is a block as it was put on sale.
type BlockOut struct {
	Name           string `json:"name"`
	UnitPriceMinor int64  `json:"unit_price_minor"`
	Currency       string `json:"currency"`
	Seats          int64  `json:"seats" doc:"How many."`
}

// ShowOut is a show as it was put on sale.
type ShowOut struct {
	ID     string     `json:"id"`
	Name   string     `json:"name"`
	Seats  int64      `json:"seats" doc:"How many."`
	Blocks []BlockOut `json:"blocks"`
}

func showOut(show ledger.Show) ShowOut {
	out := ShowOut{ID: show.ID, Name: show.Name, Seats: int64(show.Count()), Blocks: []BlockOut{}}
	for _, block := range show.Blocks {
		out.Blocks = append(out.Blocks, BlockOut{block.Name, block.UnitPriceMinor, show.Currency, int64(len(block.Seats))})
	}
	return out
}

// SeatOut is one seat as it is now.
type SeatOut struct {
	ID    string `json:"id"`
	State string `json:"state" enum:"free|held|pinned|sold"`
}

// BlockMap is a block with its seats.
type BlockMap struct {
	Name           string    `json:"name"`
	UnitPriceMinor int64     `json:"unit_price_minor"`
	Currency       string    `json:"currency"`
	Seats          []SeatOut `json:"seats"`
}

// SeatMap is a show with its seats as they are now.
type SeatMap struct {
	_       struct{}   `doc:"Every seat with its state, as it was at this version or later."`
	ShowID  string     `json:"show_id"`
	Version string     `json:"version"`
	Blocks  []BlockMap `json:"blocks"`
}
