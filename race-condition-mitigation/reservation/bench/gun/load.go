package main

import (
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// load is what is sent.
type load struct {
	at          string
	tokens      []string
	show, run   string
	seats       int
	first       int64
	connections int
	rate        float64
	duration    time.Duration
}

// sent is what came of it. Latency counts from the sending without a rate, and with one from the instant when it was due,
// so that a server that stalls is charged for those who waited to be sent.
type sent struct {
	PerS     float64        `json:"per_s"` // answers below 400
	Requests int64          `json:"requests"`
	Statuses map[string]int `json:"statuses"`
	P50ms    float64        `json:"p50_ms"`
	P99ms    float64        `json:"p99_ms"`
}

type answered struct {
	statuses map[int]int
	took     []time.Duration
}

// send sends it and waits for every answer.
func (l load) send() (sent, error) {
	wires := make([]*wire, l.connections)
	for number := range wires {
		opened, err := dial(l.at, l.head(number))
		if err != nil {
			return sent{}, err
		}
		defer opened.close()
		wires[number] = opened
	}
	next := atomic.Int64{}
	found, failed := make([]answered, l.connections), make([]error, l.connections)
	began := time.Now()
	var group sync.WaitGroup
	for number, each := range wires {
		group.Go(func() { found[number], failed[number] = l.loop(each, began, &next) })
	}
	group.Wait()
	elapsed := time.Since(began).Seconds()
	for _, err := range failed {
		if err != nil {
			return sent{}, err
		}
	}
	return sum(found, elapsed, next.Load()), nil
}

func (l load) head(number int) string {
	head := "POST /seat-holds HTTP/1.1\r\nhost: " + l.at + "\r\ncontent-type: application/json\r\n"
	if len(l.tokens) > 0 {
		head += "authorization: Bearer " + l.tokens[number%len(l.tokens)] + "\r\n"
	}
	return head + "content-length: "
}

// loop lets one connection ask until the time is over; whoever is free takes the next request, and waits until it is due.
func (l load) loop(on *wire, began time.Time, next *atomic.Int64) (answered, error) {
	found := answered{statuses: map[int]int{}, took: make([]time.Duration, 0, 1<<12)}
	for {
		number := next.Add(1)
		since := time.Now()
		if l.rate > 0 {
			due := began.Add(time.Duration(float64(number) / l.rate * float64(time.Second)))
			if due.Sub(began) > l.duration {
				return found, nil
			}
			time.Sleep(time.Until(due))
			since = due
		} else if since.Sub(began) > l.duration {
			return found, nil
		}
		status, err := on.ask(l.body(number))
		if err != nil {
			return found, err
		}
		found.statuses[status]++
		found.took = append(found.took, time.Since(since))
	}
}

// seatsPerRow is how the show that is held is built: block a, rows of a thousand.
const seatsPerRow = 1000

// body asks for the next seat in turn: it was held long ago, and for a second.
func (l load) body(number int64) string {
	place := (l.first + number) % int64(l.seats)
	seat := "a-" + strconv.FormatInt(place/seatsPerRow+1, 10) + "-" + strconv.FormatInt(place%seatsPerRow+1, 10)
	return `{"id":"` + l.run + "-" + strconv.FormatInt(number, 10) + `","show_id":"` + l.show + `","seats":["` + seat + `"],"ttl_ms":1000}`
}

func sum(found []answered, elapsed float64, requests int64) sent {
	total := sent{Statuses: map[string]int{}, Requests: requests}
	var took []time.Duration
	good := 0
	for _, each := range found {
		took = append(took, each.took...)
		for status, count := range each.statuses {
			total.Statuses[strconv.Itoa(status)] += count
			if status < 400 {
				good += count
			}
		}
	}
	slices.Sort(took)
	total.PerS = float64(good) / elapsed
	total.P50ms, total.P99ms = percentile(took, 50), percentile(took, 99)
	return total
}

func percentile(sorted []time.Duration, percent int) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return float64(sorted[min(len(sorted)*percent/100, len(sorted)-1)].Nanoseconds()) / 1e6
}
