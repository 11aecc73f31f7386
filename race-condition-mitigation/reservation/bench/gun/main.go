// Command gun sends holds over HTTP/1.1, each of a seat of its own, on so many connections: without pause, or evenly at a
// rate whether the earlier ones were answered or not. It prints one JSON object.
//
//	gun -at 127.0.0.1:8000 -tokens FILE -show bench -seats 50000 -connections 64 -seconds 2 [-rate 3000]
//	gun -respond    answer everybody with 201 and nothing else, on a port that is printed: what a gun itself can do
//
// It writes requests that are nearly bytes already and reads of an answer no more than its status and its length, since on
// a machine that it shares with its server every instruction of its own is taken from what is measured.
package main

import (
	"encoding/json"
	"flag"
	"log"
	"os"
	"strings"
	"time"
)

func main() {
	respond := flag.Bool("respond", false, "be the bare responder")
	tokens := flag.String("tokens", "", "a file with an access token a line")
	load := load{}
	flag.StringVar(&load.at, "at", "", "the server, host:port")
	flag.StringVar(&load.show, "show", "bench", "the show whose seats are held")
	flag.StringVar(&load.run, "run", "r", "begins the id of every hold, and is used once")
	flag.IntVar(&load.seats, "seats", 50_000, "the seats of the show: block a, in rows of a thousand")
	flag.Int64Var(&load.first, "first", 0, "how many seats to leave out at the beginning")
	flag.IntVar(&load.connections, "connections", 64, "how many ask at once")
	flag.Float64Var(&load.rate, "rate", 0, "requests a second, 0: as many as are answered")
	seconds := flag.Float64("seconds", 1, "how long new requests are begun")
	flag.Parse()
	if *respond {
		must(serveBare(os.Stdout))
		return
	}
	load.duration = time.Duration(*seconds * float64(time.Second))
	if *tokens != "" {
		text, err := os.ReadFile(*tokens)
		must(err)
		load.tokens = strings.Fields(string(text))
	}
	sent, err := load.send()
	must(err)
	must(json.NewEncoder(os.Stdout).Encode(sent))
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
