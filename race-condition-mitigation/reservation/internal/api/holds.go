package api

import (
	"context"
	"net/http"

	"trivet/reservation/internal/hold"
	"trivet/reservation/internal/reserve"
	"trivet/reservation/internal/route"
)

// HoldPath names a hold.
type HoldPath struct {
	ID HoldID `path:"hold_id"`
}

// HoldOfShow names a hold that has no body to name its show in.
type HoldOfShow struct {
	ID     HoldID `path:"hold_id"`
	ShowID ShowID `query:"show_id"`
}

func (s *Service) hold(ctx context.Context, r *route.Request) (route.Answer, error) {
	asked := route.BodyOf[HoldIn](r)
	made, err := s.holdFor(ctx, r.Subject(), nameOf(asked.ShowID, r.Subject(), asked.ID), texts(asked.Seats), int64(asked.TTLMS))
	if err == nil {
		err = s.reach(ctx, reserve.BeforeReply)
	}
	return made, err
}

func (s *Service) holdFor(ctx context.Context, caller string, name hold.Name, seats []string, ttlMS int64) (made route.Answer, err error) {
	if err := s.withinLimits(len(seats), ttlMS); err != nil {
		return route.Answer{}, err
	}
	granted, err := s.desk.Hold(ctx, reserve.Wanted{Name: name, Seats: seats, TTLMS: ttlMS})
	s.told(ctx, movement{"holdSeats", caller, name, ""}, again("held", granted.Again), http.StatusCreated, err)
	if err != nil {
		return route.Answer{}, err
	}
	return answer(http.StatusCreated, holdOut(granted), granted.Again), nil
}

func (s *Service) extend(ctx context.Context, r *route.Request) (route.Answer, error) {
	asked := route.BodyOf[ExtendIn](r)
	name := nameOf(asked.ShowID, r.Subject(), route.ParametersOf[HoldPath](r).ID)
	return s.extendFor(ctx, r.Subject(), name, string(asked.Token), int64(asked.TTLMS))
}

func (s *Service) extendFor(ctx context.Context, caller string, name hold.Name, token string, ttlMS int64) (route.Answer, error) {
	if err := s.withinLimits(0, ttlMS); err != nil {
		return route.Answer{}, err
	}
	standing, err := s.desk.Extend(ctx, name, token, ttlMS)
	s.told(ctx, movement{"extendHold", caller, name, ""}, "extended", http.StatusOK, err)
	if err != nil {
		return route.Answer{}, err
	}
	return answer(http.StatusOK, extendOut(standing), false), nil
}

func (s *Service) release(ctx context.Context, r *route.Request) (route.Answer, error) {
	asked := route.ParametersOf[HoldOfShow](r)
	return s.releaseFor(ctx, r.Subject(), nameOf(asked.ShowID, r.Subject(), asked.ID))
}

func (s *Service) releaseFor(ctx context.Context, caller string, name hold.Name) (route.Answer, error) {
	err := s.desk.Release(ctx, name)
	s.told(ctx, movement{"releaseHold", caller, name, ""}, "released", http.StatusOK, err)
	if err != nil {
		return route.Answer{}, err
	}
	return answer(http.StatusOK, ReleaseOut{name.ID, name.ShowID, string(hold.Released)}, false), nil
}

func (s *Service) look(ctx context.Context, r *route.Request) (route.Answer, error) {
	asked := route.ParametersOf[HoldOfShow](r)
	standing, err := s.desk.Look(ctx, nameOf(asked.ShowID, r.Subject(), asked.ID))
	if err != nil {
		return route.Answer{}, err
	}
	return answer(http.StatusOK, standingOut(standing), false), nil
}

func (s *Service) pin(ctx context.Context, r *route.Request) (route.Answer, error) {
	asked := route.BodyOf[PinIn](r)
	name := nameOf(asked.ShowID, string(asked.Subject), route.ParametersOf[HoldPath](r).ID)
	return s.pinFor(ctx, r.Subject(), reserve.Order{Name: name, OrderID: string(asked.OrderID), Token: string(asked.Token)})
}

func (s *Service) pinFor(ctx context.Context, caller string, order reserve.Order) (route.Answer, error) {
	settled, err := s.desk.Pin(ctx, order)
	s.told(ctx, movement{"pinHold", caller, order.Name, order.OrderID}, again("pinned", settled.Again), http.StatusOK, err)
	if err != nil {
		return route.Answer{}, err
	}
	return answer(http.StatusOK, settledOut(settled, hold.Pinned), settled.Again), nil
}

func (s *Service) confirm(ctx context.Context, r *route.Request) (route.Answer, error) {
	asked := route.BodyOf[ConfirmIn](r)
	name := nameOf(asked.ShowID, string(asked.Subject), route.ParametersOf[HoldPath](r).ID)
	return s.confirmFor(ctx, r.Subject(), reserve.Order{Name: name, OrderID: string(asked.OrderID), Token: string(asked.Token)})
}

func (s *Service) confirmFor(ctx context.Context, caller string, order reserve.Order) (route.Answer, error) {
	settled, err := s.desk.Confirm(ctx, order)
	s.told(ctx, movement{"confirmHold", caller, order.Name, order.OrderID}, again("sold", settled.Again), http.StatusOK, err)
	if err != nil {
		return route.Answer{}, err
	}
	return answer(http.StatusOK, settledOut(settled, hold.Sold), settled.Again), nil
}

func (s *Service) giveBackFor(ctx context.Context, caller string, order reserve.Order) (route.Answer, error) {
	err := s.desk.GiveBack(ctx, order)
	s.told(ctx, movement{"giveBackHold", caller, order.Name, order.OrderID}, "released", http.StatusOK, err)
	if err != nil {
		return route.Answer{}, err
	}
	return answer(http.StatusOK, ReleaseOut{order.Name.ID, order.Name.ShowID, string(hold.Released)}, false), nil
}

func again(word string, is bool) string {
	if is {
		return "replayed"
	}
	return word
}
