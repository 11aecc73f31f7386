package hold

// Name is what a hold is found by. Its id is its caller's choice and unique for a subject within a show, so that a hold
// whose reply was lost can be asked for again, or given up, by whoever asked for it.
type Name struct {
	ShowID  string
	Subject string
	ID      string
}

// Price is what one seat costs.
type Price struct {
	Seat           string `json:"seat"`
	UnitPriceMinor int64  `json:"unit_price_minor"`
}

// Total returns the sum of prices, in minor units.
func Total(lines []Price) int64 {
	var sum int64
	for _, line := range lines {
		sum += line.UnitPriceMinor
	}
	return sum
}
