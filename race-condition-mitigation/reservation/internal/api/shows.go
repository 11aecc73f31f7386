package api

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"net/http"
	"strings"

	"github.com/jackc/pgx/v5"

	"trivet/reservation/internal/ledger"
	"trivet/reservation/internal/problem"
	"trivet/reservation/internal/route"
)

// ShowPath names a show.
type ShowPath struct {
	ShowID ShowID `path:"show_id"`
}

// MapOf names a show, and what of it is wanted.
type MapOf struct {
	ShowID  ShowID  `path:"show_id"`
	Block   *string `query:"block" pattern:"^[a-z0-9-]{1,32}$" doc:"Only the seats of this block."`
	IfMatch *string `header:"if-none-match" maxLength:"1000" doc:"An ETag that is known already: 304 if it is still right."`
}

// createShow puts a show on sale, or repeats what the key was told; a taken id is a stored refusal.
func (s *Service) createShow(ctx context.Context, r *route.Request) (made route.Answer, err error) {
	asked := route.BodyOf[NewShow](r)
	key := ledger.Key{Subject: r.Subject(), Operation: r.Operation, Key: r.Key}
	err = s.books.Write(ctx, nil, func(ctx context.Context, tx pgx.Tx) error {
		if r.Key != "" {
			stored, err := ledger.ClaimKey(ctx, tx, key)
			if errors.Is(err, ledger.ErrInFlight) {
				return problem.New(problem.RequestInFlight, "another request with this key has not ended yet").Because(err)
			}
			if err != nil {
				return err
			}
			if stored != nil {
				made, err = repeated(stored, r.Digest())
				return err
			}
		}
		if made, err = s.insertShow(ctx, tx, asked); err != nil || r.Key == "" {
			return err
		}
		return ledger.StoreAnswer(ctx, tx, key, ledger.Answer{Payload: r.Digest(), Status: made.Status, Body: made.Body})
	})
	return made, err
}

func (s *Service) insertShow(ctx context.Context, tx pgx.Tx, asked *NewShow) (route.Answer, error) {
	var id string
	if asked.ID != nil {
		id = string(*asked.ID)
	} else {
		id = freshID()
	}
	show := asked.show(id)
	created, err := ledger.InsertShow(ctx, tx, show)
	if err != nil {
		return route.Answer{}, err
	}
	if !created {
		return route.Refusal(ctx, problem.Newf(problem.AlreadyExists, "there is a show %s already", id).With("show_id", id)), nil
	}
	return route.Success(http.StatusCreated, showOut(show)), nil
}

func freshID() string {
	var bits [8]byte
	_, _ = rand.Read(bits[:]) // never fails: it ends the process instead
	return "show-" + hex.EncodeToString(bits[:])
}

func repeated(stored *ledger.Answer, payload []byte) (route.Answer, error) {
	if !bytes.Equal(stored.Payload, payload) {
		return route.Answer{}, problem.New(problem.IdempotencyKeyReuse, "this key was used with another payload")
	}
	return route.Answer{Status: stored.Status, Body: stored.Body}.Repeated(), nil
}

// seatMap answers with every seat, or with nothing if the caller knows that version already.
func (s *Service) seatMap(ctx context.Context, r *route.Request) (route.Answer, error) {
	asked := route.ParametersOf[MapOf](r)
	hall, err := s.desk.Hall(ctx, string(asked.ShowID))
	if err != nil {
		return route.Answer{}, err
	}
	blocks := hall.Show.Blocks
	if asked.Block != nil {
		if blocks = only(blocks, *asked.Block); blocks == nil {
			return route.Answer{}, problem.Newf(problem.NotFound, "the show has no block %s", *asked.Block)
		}
	}
	version, err := s.desk.Version(ctx, hall.Show.ID)
	if err != nil {
		return route.Answer{}, err
	}
	tag := `"` + version + `"`
	if asked.IfMatch != nil && knows(*asked.IfMatch, tag) {
		return route.Answer{Status: http.StatusNotModified}.With("etag", tag), nil
	}
	out := SeatMap{ShowID: hall.Show.ID, Version: version, Blocks: make([]BlockMap, len(blocks))}
	for place, block := range blocks {
		if out.Blocks[place], err = s.blockMap(ctx, hall.Show, block); err != nil {
			return route.Answer{}, err
		}
	}
	return route.Success(http.StatusOK, out).With("etag", tag).With("cache-control", "no-cache"), nil
}

func (s *Service) blockMap(ctx context.Context, show ledger.Show, block ledger.Block) (BlockMap, error) {
	states, err := s.desk.States(ctx, show.ID, block)
	if err != nil {
		return BlockMap{}, err
	}
	out := BlockMap{block.Name, block.UnitPriceMinor, show.Currency, make([]SeatOut, len(states))}
	for place, state := range states {
		out.Seats[place] = SeatOut{block.Seats[place], string(state)}
	}
	return out, nil
}

func only(blocks []ledger.Block, name string) []ledger.Block {
	for place, block := range blocks {
		if block.Name == name {
			return blocks[place : place+1]
		}
	}
	return nil
}

// knows tells whether If-None-Match names a tag (RFC 9110 section 13.1.2); * names any.
func knows(header, tag string) bool {
	for word := range strings.SplitSeq(header, ",") {
		word = strings.TrimSpace(word)
		if word == "*" || strings.TrimPrefix(word, "W/") == tag {
			return true
		}
	}
	return false
}
