package api

// who names a hold in a batch, and for whom the caller acts.
type who struct {
	ID      HoldID  `json:"id"`
	ShowID  ShowID  `json:"show_id"`
	Subject Subject `json:"subject"`
}

// HoldEntry is POST /seat-holds for somebody.
type HoldEntry struct {
	Op string `json:"op" const:"hold"`
	who
	Seats []SeatID `json:"seats" minItems:"1" maxItems:"100" unique:"true"`
	TTLMS TTL      `json:"ttl_ms,omitempty"`
}

// ExtendEntry is PUT /seat-holds/{id} for somebody.
type ExtendEntry struct {
	Op string `json:"op" const:"extend"`
	who
	Token Token `json:"token"`
	TTLMS TTL   `json:"ttl_ms"`
}

// PinEntry is POST /seat-holds/{id}/pin.
type PinEntry struct {
	Op string `json:"op" const:"pin"`
	who
	Token   Token   `json:"token"`
	OrderID OrderID `json:"order_id"`
}

// ConfirmEntry is POST /seat-holds/{id}/confirm.
type ConfirmEntry struct {
	Op string `json:"op" const:"confirm"`
	who
	OrderID OrderID `json:"order_id"`
	Token   Token   `json:"token,omitempty"`
}

// ReleaseEntry gives back what an order pinned, or what somebody holds.
type ReleaseEntry struct {
	_  struct{} `doc:"With an order: ends what it pinned, and refuses its pin should it still come. Without: as DELETE by that customer."`
	Op string   `json:"op" const:"release"`
	who
	OrderID OrderID `json:"order_id,omitempty"`
}

// Entry is one of these.
type Entry struct {
	Hold    *HoldEntry
	Extend  *ExtendEntry
	Pin     *PinEntry
	Confirm *ConfirmEntry
	Release *ReleaseEntry
}

// Discriminator is the field that says which.
func (Entry) Discriminator() string { return "op" }

// BatchIn is entries of many orders.
type BatchIn struct {
	_       struct{} `doc:"Entries of many orders. Those of one hold are done in their order; no order waits for another's."`
	Entries []Entry  `json:"entries" minItems:"1" maxItems:"200"`
}
