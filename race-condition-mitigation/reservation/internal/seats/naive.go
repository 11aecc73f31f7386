package seats

import (
	"context"
	_ "embed"

	"github.com/valkey-io/valkey-go"

	"trivet/reservation/internal/hold"
)

//go:embed lua/naive_pin.lua
var naivePinLua string

var naivePinScript = valkey.NewLuaScript(naivePinLua)

// Naive looks whether seats are free and then takes them, as one does who never met two people at once. A lab alone
// starts it, to see seats sold twice.
type Naive struct{ *Store }

// Hold takes seats that it saw free. Whoever looked at the same time takes them too, and whoever writes last has them.
func (n Naive) Hold(ctx context.Context, asked Asked) (Held, error) {
	client, err := n.link.Client()
	if err != nil {
		return Held{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, n.limits.Wait)
	defer cancel()
	show := asked.Name.ShowID
	keys := []string{boot(show), claim(asked.Name)}
	for _, seat := range asked.Seats {
		keys = append(keys, prefix(show)+seat)
	}
	values, err := client.Do(ctx, client.B().Mget().Key(keys...).Build()).ToArray()
	if err != nil {
		return Held{}, translate(err)
	}
	if values[0].IsNil() {
		return Held{}, ErrUnloaded
	}
	if known, err := values[1].ToString(); err == nil {
		found, err := parseClaim(known)
		return Held{found, true}, err
	}
	refused := Claim{State: hold.Refused, Payload: asked.Payload, Seats: asked.Seats}
	for place, value := range values[2:] {
		if !value.IsNil() {
			refused.Taken = append(refused.Taken, place)
		}
	}
	if refused.Taken != nil {
		return Held{refused, false}, nil
	}
	return n.take(ctx, asked, keys[2:])
}

func (n Naive) take(ctx context.Context, asked Asked, keys []string) (Held, error) {
	client, err := n.link.Client()
	if err != nil {
		return Held{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, n.limits.Wait)
	defer cancel()
	show := asked.Name.ShowID
	now, err := n.now(ctx)
	if err != nil {
		return Held{}, err
	}
	found := Claim{State: hold.Held, Payload: asked.Payload, Token: asked.Token, Granted: now, Till: now + asked.TTL, Seats: asked.Seats}
	seats := join(asked.Seats)
	record := "held|" + asked.Payload + "|" + asked.Token + "|" + number(now) + "|" + number(found.Till) + "||" + seats
	commands := valkey.Commands{
		client.B().Set().Key(claim(asked.Name)).Value(record).PxMilliseconds(n.limits.Memory).Build(),
		client.B().Zadd().Key(expiries(show)).ScoreMember().ScoreMember(float64(found.Till), claim(asked.Name)).Build(),
		client.B().Xadd().Key(changes(show)).Id("*").FieldValue().FieldValue("held", seats).Build(),
	}
	for _, key := range keys {
		commands = append(commands, client.B().Set().Key(key).Value(asked.Token).PxMilliseconds(asked.TTL).Build())
	}
	for _, reply := range client.DoMulti(ctx, commands...) {
		if err := reply.Error(); err != nil {
			return Held{}, translate(err)
		}
	}
	return Held{found, false}, nil
}

// BeginPin believes whoever knows a hold's id, and that the seats are still the hold's.
func (n Naive) BeginPin(ctx context.Context, name hold.Name, token, order string) (Begun, error) {
	return n.beginPin(ctx, naivePinScript, name, token, order)
}
