package token

import (
	"container/list"
	"crypto/sha256"
	"sync"
)

const tokensMax = 10_000

type digest = [sha256.Size]byte

// known is what verified tokens said, by the digest of the whole token; the one looked at longest ago goes first.
//
// A token is kept as its SHA-256 alone, so that no dump of the process holds one, and times of look-ups say nothing of
// it. Only what was verified is kept: forged tokens put nobody out. Whoever looks checks the times anew.
//
// Which race: the keys are others between the verification of a token and its keeping, and a token of a key that was
// taken back would be remembered. Why this guard: everything is of one set of keys, and is forgotten once somebody asks
// under another; what was verified under another is not kept. If it is lost, taking a key back ends nothing.
type known struct {
	guard  sync.Mutex
	keys   *keySet
	most   int
	places map[digest]*list.Element
	order  *list.List
}

type place struct {
	digest  digest
	claimed claimed
}

func newKnown(most int) *known {
	return &known{most: most, places: map[digest]*list.Element{}, order: list.New()}
}

// get returns what a token said when it was verified under these keys, and whether it was.
func (k *known) get(keys *keySet, token string) (claimed, bool) {
	sum := sha256.Sum256([]byte(token))
	k.guard.Lock()
	defer k.guard.Unlock()
	if k.keys != keys {
		k.keys = keys
		clear(k.places)
		k.order.Init()
	}
	found, ok := k.places[sum]
	if !ok {
		return claimed{}, false
	}
	k.order.MoveToFront(found)
	return found.Value.(place).claimed, true
}

// keep keeps what a token says that was verified under these keys.
func (k *known) keep(keys *keySet, token string, said claimed) {
	sum := sha256.Sum256([]byte(token))
	k.guard.Lock()
	defer k.guard.Unlock()
	if _, twice := k.places[sum]; twice || k.keys != keys {
		return
	}
	k.places[sum] = k.order.PushFront(place{sum, said})
	if k.order.Len() > k.most {
		last := k.order.Back()
		k.order.Remove(last)
		delete(k.places, last.Value.(place).digest)
	}
}
