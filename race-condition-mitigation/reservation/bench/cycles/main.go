// Command cycles counts how often a second seats are held and given back, by the reservation's own scripts and by a peer
// that does the same on the same Valkey, in pairs that alternate which side comes first. It prints one JSON object.
//
//	cycles -valkey redis://127.0.0.1:6379/0 -ours ours -peer raw -callers 64 -seats 50000 -pairs 12 -seconds 0.5
package main

import (
	"context"
	"encoding/json"
	"flag"
	"log"
	"os"
	"runtime"
	"runtime/pprof"
	"time"
)

// sample is what a side did in its turn.
type sample struct {
	PerS     float64 `json:"per_s"`
	P50us    float64 `json:"p50_us"`
	P99us    float64 `json:"p99_us"`
	Refused  float64 `json:"refused_per_s"` // who found the seat taken
	ServerUs float64 `json:"server_us"`     // processor time of Valkey's main thread for a cycle
}

func main() {
	url := flag.String("valkey", "", "a Valkey that may be emptied, redis://host:port/0")
	peer := flag.String("peer", "raw", "raw, redislock or redsync")
	plan := plan{}
	flag.IntVar(&plan.callers, "callers", 1, "how many hold and give back at once; one of them has one connection")
	flag.IntVar(&plan.seats, "seats", 1, "how many seats they choose from: with one they all want the same")
	pairs := flag.Int("pairs", 6, "how many pairs are measured")
	seconds := flag.Float64("seconds", 0.5, "how long each side of a pair is")
	profile := flag.String("profile", "", "a file for the processor profile of all turns")
	flag.Parse()
	plan.duration = time.Duration(*seconds * float64(time.Second))
	if *profile != "" {
		file, err := os.Create(*profile)
		must(err)
		must(pprof.StartCPUProfile(file))
		defer pprof.StopCPUProfile()
	}
	must(json.NewEncoder(os.Stdout).Encode(map[string]any{"pairs": measure(*url, *peer, plan, *pairs)}))
}

// measure lets both sides take turns; the first turn of each is not counted.
func measure(url, peer string, plan plan, pairs int) [][2]sample {
	ctx := context.Background()
	own := newOurs(url)
	sides := [2]side{own, sideOf(peer, url, plan.callers)}
	meter := meter{goRedis(url, 1)}
	turn := func(place int) sample {
		runtime.GC() // each side pays for its own garbage
		meter.clear(ctx, own.store)
		return plan.run(ctx, sides[place], meter)
	}
	turn(0)
	turn(1)
	found := make([][2]sample, pairs)
	for at := range found {
		first := at % 2
		found[at][first] = turn(first)
		found[at][1-first] = turn(1 - first)
	}
	return found
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
