package api

import (
	"net/http"

	"trivet/reservation/internal/problem"
	"trivet/reservation/internal/route"
)

// What a caller may do. Pin, confirm and batch are for services, and the edge does not route them.
const (
	WriteShows  = "shows.write"
	ReadShows   = "shows.read"
	HoldSeats   = "seats.hold"
	SettleSeats = "seats.settle"
)

// Routes returns what the service offers; a nil service is enough for its document.
func Routes(s *Service) []route.Route {
	if s == nil {
		s = &Service{}
	}
	return append(s.showRoutes(), append(s.holdRoutes(), s.orderRoutes()...)...)
}

func (s *Service) showRoutes() []route.Route {
	return []route.Route{
		{
			Method: http.MethodPost, Pattern: "/shows", Operation: "createShow", Scope: WriteShows, Key: route.KeyOptional,
			Summary:     "Put a show on sale",
			Description: "Create a show with its seats; without an id one is made up, and then only a key makes the request repeatable.",
			Body:        NewShow{}, Answer: ShowOut{}, Status: http.StatusCreated, Done: "Created",
			Refusals: []string{problem.AlreadyExists}, Handle: s.createShow,
		},
		{
			Method: http.MethodGet, Pattern: "/shows/{show_id}/seats", Operation: "readSeats", Scope: ReadShows,
			Summary:     "Read the seat map",
			Description: "Every seat with its state. The ETag is its version: a map that is still right is not sent again.",
			Parameters:  MapOf{}, Answer: SeatMap{}, Status: http.StatusOK, Done: "The map",
			Headers:  map[string]string{"etag": "The version of the map."},
			Refusals: []string{problem.NotFound}, Handle: s.seatMap,
		},
		{
			Method: http.MethodGet, Pattern: "/shows/{show_id}/changes", Operation: "followSeats", Scope: ReadShows,
			Summary: "Follow the seats",
			Description: "Server-sent events: first `snapshot`, all seats that are not free, then `seats` for each change. " +
				"The stream ends after a while, and where the listener must begin anew; with Last-Event-ID it goes on where it stopped, if that is still known.",
			Parameters: ChangesOf{}, MediaType: "text/event-stream", Status: http.StatusOK, Done: "The events",
			Refusals: []string{problem.NotFound}, Stream: s.changes,
		},
	}
}

func (s *Service) holdRoutes() []route.Route {
	return []route.Route{
		{
			Method: http.MethodPost, Pattern: "/seat-holds", Operation: "holdSeats", Scope: HoldSeats, Replays: true,
			Summary: "Hold seats for a while",
			Description: "All of these seats or none. The same id asks the same again and is told the same, whatever became of the hold; " +
				"of a refusal that holds for a minute. A 503 whose `definite` is false may have held them: repeat it to learn which.",
			Body: HoldIn{}, Answer: HoldOut{}, Status: http.StatusCreated, Done: "Held",
			Refusals: []string{problem.NotFound, problem.AlreadyHeld, problem.HoldReleased, problem.IdempotencyKeyReuse}, Handle: s.hold,
		},
		{
			Method: http.MethodPut, Pattern: "/seat-holds/{hold_id}", Operation: "extendHold", Scope: HoldSeats,
			Summary:     "Hold them longer",
			Description: "Move the hold's end to that long from now, but never back, and never beyond its whole lifetime.",
			Parameters:  HoldPath{}, Body: ExtendIn{}, Answer: ExtendOut{}, Status: http.StatusOK, Done: "Extended",
			Refusals: []string{problem.NotFound, problem.HoldExpired, problem.HoldReleased, problem.TooLate}, Handle: s.extend,
		},
		{
			Method: http.MethodGet, Pattern: "/seat-holds/{hold_id}", Operation: "readHold", Scope: HoldSeats,
			Summary: "Read a hold", Description: "How one of the caller's own holds stands now.",
			Parameters: HoldOfShow{}, Answer: StandingOut{}, Status: http.StatusOK, Done: "The hold",
			Refusals: []string{problem.NotFound}, Handle: s.look,
		},
		{
			Method: http.MethodDelete, Pattern: "/seat-holds/{hold_id}", Operation: "releaseHold", Scope: HoldSeats,
			Summary:     "Give seats back",
			Description: "Release a hold. One that has not come yet is refused when it comes; what an order has pinned only that order gives back.",
			Parameters:  HoldOfShow{}, Answer: ReleaseOut{}, Status: http.StatusOK, Done: "Released",
			Refusals: []string{problem.NotFound, problem.TooLate}, Handle: s.release,
		},
	}
}

func (s *Service) orderRoutes() []route.Route {
	refusals := []string{problem.NotFound, problem.AlreadyHeld, problem.HoldExpired, problem.HoldReleased}
	return []route.Route{
		{
			Method: http.MethodPost, Pattern: "/seat-holds/batch", Operation: "batch", Scope: SettleSeats,
			Summary:     "Do many things for many orders",
			Description: "Each entry is answered as the single request would be, in the entries' order. Repeat those whose outcome is unknown.",
			Body:        BatchIn{}, Answer: BatchOut{}, Status: http.StatusOK, Done: "Answered", Handle: s.batch,
		},
		{
			Method: http.MethodPost, Pattern: "/seat-holds/{hold_id}/pin", Operation: "pinHold", Scope: SettleSeats, Replays: true,
			Summary:     "Make a hold an order's",
			Description: "The seats are the order's from now on, without an end of time, until it confirms them or gives them back.",
			Parameters:  HoldPath{}, Body: PinIn{}, Answer: SettledOut{}, Status: http.StatusOK, Done: "Pinned",
			Refusals: refusals, Handle: s.pin,
		},
		{
			Method: http.MethodPost, Pattern: "/seat-holds/{hold_id}/confirm", Operation: "confirmHold", Scope: SettleSeats, Replays: true,
			Summary:     "Sell an order's seats",
			Description: "What the order has pinned is sold for certain. What it has not pinned is pinned and sold in one, if its token is shown in time.",
			Parameters:  HoldPath{}, Body: ConfirmIn{}, Answer: SettledOut{}, Status: http.StatusOK, Done: "Sold",
			Refusals: refusals, Handle: s.confirm,
		},
	}
}
