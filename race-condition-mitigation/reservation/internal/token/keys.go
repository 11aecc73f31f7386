package token

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"unicode/utf8"

	"github.com/go-jose/go-jose/v4"
)

const (
	keysMax          = 32
	kidCharactersMax = 128
)

// key is a public key and the one algorithm that its signatures are checked by, which may have two names (RFC 9864).
//
// Which attack: a token that says it was signed by another algorithm than the key's, so that a public key is taken for
// the secret of an HMAC (RFC 8725 section 2.1). Why this guard: what a key is for is settled when it is read. If it is
// lost, whoever has the public key, which is everybody, signs what they like.
type key struct {
	algorithms []string
	public     crypto.PublicKey
}

// verifies tells whether a signature over input is the key's, by an algorithm that is the key's own.
func (k key) verifies(algorithm string, input, signature []byte) bool {
	if !slices.Contains(k.algorithms, algorithm) {
		return false
	}
	switch public := k.public.(type) {
	case ed25519.PublicKey:
		return ed25519.Verify(public, input, signature)
	case *ecdsa.PublicKey:
		const half = 32
		if len(signature) != 2*half { // RFC 7518 section 3.4: two whole numbers of the length of the curve's order
			return false
		}
		digest := sha256.Sum256(input)
		r, s := new(big.Int).SetBytes(signature[:half]), new(big.Int).SetBytes(signature[half:])
		return ecdsa.Verify(public, digest[:], r, s)
	}
	return false
}

func (k key) equal(other key) bool {
	type equaler interface{ Equal(crypto.PublicKey) bool }
	own, ok := k.public.(equaler)
	return ok && own.Equal(other.public)
}

// keySet is an issuer's keys by their kid; another pointer once they are others.
type keySet struct{ keys map[string]key }

func (s *keySet) kids() []string { return slices.Sorted(maps.Keys(s.keys)) }

func (s *keySet) equal(other *keySet) bool { return maps.EqualFunc(s.keys, other.keys, key.equal) }

// readKeySet returns the keys of a JSON Web Key Set (RFC 7517) that verify signatures, read with distrust.
//
// Others are passed over: private and symmetric ones, those for encryption or of other curves, and those whose kid is
// missing or is another's too, since nobody could say which one a token means. An empty set is one: then no token is
// valid.
func readKeySet(document []byte) (*keySet, error) {
	if !utf8.Valid(document) {
		return nil, errors.New("it is no JSON object: it is not UTF-8")
	}
	var members map[string]json.RawMessage // a struct would take KEYS for keys
	if err := json.Unmarshal(document, &members); err != nil {
		return nil, fmt.Errorf("it is no JSON object: %w", err)
	}
	var listed []json.RawMessage
	if err := json.Unmarshal(members["keys"], &listed); err != nil || listed == nil {
		return nil, errors.New("it has no list of keys")
	}
	if len(listed) > keysMax {
		return nil, fmt.Errorf("it has %d keys, more than %d", len(listed), keysMax)
	}
	found, count := &keySet{map[string]key{}}, map[string]int{}
	for _, raw := range listed {
		var entry map[string]any
		if json.Unmarshal(raw, &entry) != nil {
			continue
		}
		kid, named := entry["kid"].(string)
		if !named {
			continue
		}
		count[kid]++
		if one, ok := readKey(entry, kid); ok {
			found.keys[kid] = one
		}
	}
	maps.DeleteFunc(found.keys, func(kid string, _ key) bool { return count[kid] > 1 })
	return found, nil
}

func readKey(entry map[string]any, kid string) (key, bool) {
	length := utf8.RuneCountInString(kid)
	if _, private := entry["d"]; private || length == 0 || length > kidCharactersMax || !isForSignatures(entry) {
		return key{}, false
	}
	said := func(name, otherwise string) any {
		if value, there := entry[name]; there {
			return value
		}
		return otherwise
	}
	algorithm := said("alg", "")
	if algorithm == nil {
		algorithm = ""
	}
	switch {
	case entry["kty"] == "OKP" && entry["crv"] == "Ed25519" &&
		(algorithm == "" || algorithm == "EdDSA" || algorithm == "Ed25519"):
		return public(entry, []string{"EdDSA", "Ed25519"}, "kty", "crv", "x")
	case entry["kty"] == "EC" && entry["crv"] == "P-256" && (algorithm == "" || algorithm == "ES256"):
		return public(entry, []string{"ES256"}, "kty", "crv", "x", "y")
	}
	return key{}, false
}

func isForSignatures(entry map[string]any) bool {
	if use, there := entry["use"]; there && use != "sig" {
		return false
	}
	operations, there := entry["key_ops"]
	if !there {
		return true
	}
	listed, _ := operations.([]any)
	return slices.Contains(listed, any("verify"))
}

// public makes a key of some members of an entry alone; go-jose looks whether it is a point of its curve, and none of
// those few that verify anything.
func public(entry map[string]any, algorithms []string, members ...string) (key, bool) {
	kept := map[string]any{}
	for _, name := range members {
		kept[name] = entry[name]
	}
	encoded, err := json.Marshal(kept)
	if err != nil {
		return key{}, false
	}
	var read jose.JSONWebKey
	if read.UnmarshalJSON(encoded) != nil || !read.Valid() {
		return key{}, false
	}
	return key{algorithms, read.Key}, true
}
