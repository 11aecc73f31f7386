package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"trivet/reservation/internal/route"
	"trivet/reservation/internal/seats"
)

const (
	streamPulse  = 15 * time.Second
	streamWrites = 10 * time.Second // so long a client may take to read what it was sent
)

// ChangesOf names a show, and how long its changes are wanted.
type ChangesOf struct {
	ShowID ShowID  `path:"show_id"`
	ForMS  int64   `query:"for_ms" min:"0" max:"600000" default:"600000" doc:"How long the stream goes on, in ms; whoever wants more asks again."`
	Last   *string `header:"last-event-id" maxLength:"100" doc:"The last event that was read: what came after it is sent, where that is still known."`
}

// Snapshot is the first event of a stream: every seat that is not free.
type Snapshot struct {
	Version string    `json:"version"`
	Seats   []SeatOut `json:"seats"`
}

// Changed is an event: these seats are in this state now.
type Changed struct {
	Version string   `json:"version"`
	Seats   []string `json:"seats"`
	State   string   `json:"state" enum:"free|held|pinned|sold"`
}

// stream is one listener's events.
type stream struct {
	service *Service
	show    string
	writer  http.ResponseWriter
	control *http.ResponseController
}

func (s *Service) changes(w http.ResponseWriter, r *route.Request) error {
	asked := route.ParametersOf[ChangesOf](r)
	if _, err := s.desk.Hall(r.HTTP.Context(), string(asked.ShowID)); err != nil {
		return err
	}
	out := stream{s, string(asked.ShowID), w, http.NewResponseController(w)}
	// Listening before looking: what changes in between is told twice rather than never.
	heard, stop := s.feed.Listen(r.HTTP.Context(), out.show)
	defer stop()
	first, err := out.first(r.HTTP.Context(), asked.Last)
	if err != nil {
		return err
	}
	ctx, leave, err := s.streams.Enter(r.HTTP.Context())
	if err != nil {
		return err
	}
	defer leave()
	w.Header().Set("content-type", "text/event-stream")
	w.Header().Set("cache-control", "no-store")
	w.WriteHeader(http.StatusOK)
	for _, event := range first {
		if out.send(event) != nil {
			return nil
		}
	}
	out.follow(ctx, heard, time.Duration(asked.ForMS)*time.Millisecond)
	return nil
}

type event struct {
	kind    string
	version string
	data    any
}

// first returns what a listener begins with: what he missed, or all of it.
func (o stream) first(ctx context.Context, last *string) ([]event, error) {
	if last != nil {
		if missed, known := o.missed(ctx, *last); known {
			return events(missed), nil
		}
	}
	version, err := o.service.desk.Version(ctx, o.show)
	if err != nil {
		return nil, err
	}
	snapshot := Snapshot{version, []SeatOut{}}
	hall, err := o.service.desk.Hall(ctx, o.show)
	if err != nil {
		return nil, err
	}
	for _, block := range hall.Show.Blocks {
		states, err := o.service.desk.States(ctx, o.show, block)
		if err != nil {
			return nil, err
		}
		for place, state := range states {
			if state != seats.Free {
				snapshot.Seats = append(snapshot.Seats, SeatOut{block.Seats[place], string(state)})
			}
		}
	}
	return []event{{"snapshot", version, snapshot}}, nil
}

// missed returns all that came after a version, however many readings that takes: what is heard begins behind it.
func (o stream) missed(ctx context.Context, last string) ([]seats.Change, bool) {
	var all []seats.Change
	for {
		some, known, err := o.service.desk.Changes(ctx, o.show, last, time.Millisecond)
		if err != nil || !known {
			return nil, false
		}
		if len(some) == 0 {
			return all, true
		}
		all, last = append(all, some...), some[len(some)-1].Version
	}
}

func events(changes []seats.Change) []event {
	found := make([]event, len(changes))
	for place, change := range changes {
		found[place] = event{"seats", change.Version, Changed{change.Version, change.Seats, string(change.State)}}
	}
	return found
}

// follow sends what is heard until the time is over, the listener is gone, or must begin anew.
func (o stream) follow(ctx context.Context, heard <-chan []seats.Change, most time.Duration) {
	over := time.NewTimer(most)
	defer over.Stop()
	pulse := time.NewTicker(streamPulse)
	defer pulse.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-over.C:
			return
		case <-pulse.C:
			if o.write(": still here\n\n") != nil {
				return
			}
		case changes, more := <-heard:
			if !more {
				return
			}
			for _, event := range events(changes) {
				if o.send(event) != nil {
					return
				}
			}
		}
	}
}

func (o stream) send(event event) error {
	data, err := json.Marshal(event.data)
	if err != nil {
		return err
	}
	return o.write(fmt.Sprintf("event: %s\nid: %s\ndata: %s\n\n", event.kind, event.version, data))
}

func (o stream) write(text string) error {
	if err := o.control.SetWriteDeadline(time.Now().Add(streamWrites)); err != nil {
		return err
	}
	if _, err := o.writer.Write([]byte(text)); err != nil {
		return err
	}
	return o.control.Flush()
}
