package token

import (
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"trivet/reservation/internal/problem"
)

func TestAGoodTokenSaysWhoAsks(t *testing.T) {
	for _, issuer := range []signer{newEd25519("one"), newES256("two"), {"three", "Ed25519", newEd25519("").private}} {
		p, _ := publisherOf(newSite(t, keySetOf(issuer.jwk())))
		v := verifierOf(p)
		for name, claims := range map[string]map[string]any{
			"as it is":       nil,
			"many audiences": {"aud": []string{"other", audience}},
			"leeway":         {"exp": clock.Unix() - 29, "nbf": clock.Unix() + 30},
			"a fraction":     {"exp": float64(clock.Unix()) + 0.5},
			"128 characters": {"sub": strings.Repeat("é", 128)},
			"spaces":         {"scope": "  seats.hold   shows.read "},
		} {
			who, err := v.verify(background, issuer.token(nil, claims))
			if err != nil || !who.May("seats.hold") || !who.May("shows.read") || who.May("seats") || who.May("") {
				t.Errorf("%s, %s: %+v, %v", issuer.alg, name, who, err)
			}
		}
		for _, header := range []map[string]any{{"typ": "AT+JWT"}, {"typ": "application/at+jwt"}} {
			if _, err := v.verify(background, issuer.token(header, nil)); err != nil {
				t.Errorf("%v: %v", header, err)
			}
		}
		who, err := v.verify(background, issuer.token(nil, map[string]any{"scope": "(none)"}))
		if err != nil || who.May("seats.hold") {
			t.Errorf("without a scope: %+v, %v", who, err)
		}
	}
}

func TestNoOtherTokenIsTaken(t *testing.T) {
	issuer, second, stranger := newEd25519("one"), newES256("two"), newEd25519("one")
	p, _ := publisherOf(newSite(t, keySetOf(issuer.jwk(), second.jwk())))
	v := verifierOf(p)
	good := issuer.token(nil, nil)
	parts := strings.Split(good, ".")
	header := func(more map[string]any) string { return issuer.token(more, nil) }
	claims := func(more map[string]any) string { return issuer.token(nil, more) }
	for name, one := range map[string]struct{ token, wanted string }{
		"stranger":         {stranger.token(nil, nil), "signed by no key"},
		"other key's kid":  {issuer.token(map[string]any{"kid": "two"}, nil), "signed by no key"},
		"other algorithm":  {issuer.token(map[string]any{"alg": "ES256"}, nil), "signed by no key"},
		"unknown key":      {header(map[string]any{"kid": "../../keys"}), "signed by no key"},
		"none":             {encodedJSON(map[string]any{"alg": "none", "kid": "one", "typ": "at+jwt"}) + "." + parts[1] + ".AA", "signed by no key"},
		"public as secret": {hs256(issuer), "signed by no key"},
		"no signature":     {parts[0] + "." + parts[1] + ".", "no signed token"},
		"cut":              {good[:len(good)-5], "signed by no key"},
		"promoted":         {parts[0] + "." + encodedJSON(map[string]any{"sub": "root"}) + "." + parts[2], "signed by no key"},
		"twice":            {good + " " + good, "no signed token"},
		"nonsense":         {"nonsense", "no signed token"},
		"four parts":       {good + ".AA", "no signed token"},
		"padded":           {good + "=", "no signed token"},
		"line end":         {good + "\n", "no signed token"},
		"too long":         {claims(map[string]any{"planted": strings.Repeat("x", 8192)}), "longer than 8192"},
		"jwk":              {header(map[string]any{"jwk": stranger.jwk()}), "nothing else"},
		"jku":              {header(map[string]any{"jku": "https://x"}), "nothing else"},
		"crit":             {header(map[string]any{"crit": []string{"x"}}), "nothing else"},
		"no kid":           {header(map[string]any{"kid": "(none)"}), "nothing else"},
		"kid a number":     {header(map[string]any{"kid": 1}), "nothing else"},
		"no alg":           {header(map[string]any{"alg": "(none)"}), "nothing else"},
		"no typ":           {header(map[string]any{"typ": "(none)"}), "no access token"},
		"an ID token":      {header(map[string]any{"typ": "JWT"}), "no access token"},
		"header a list":    {encoded([]byte("[]")) + "." + parts[1] + "." + parts[2], "cannot be read"},
		"header null":      {encoded([]byte("null")) + "." + parts[1] + "." + parts[2], "cannot be read"},
		"other issuer":     {claims(map[string]any{"iss": issuerName + "/"}), "another issuer's"},
		"no issuer":        {claims(map[string]any{"iss": "(none)"}), "another issuer's"},
		"other audience":   {claims(map[string]any{"aud": "another"}), "another audience"},
		"no audience":      {claims(map[string]any{"aud": "(none)"}), "another audience"},
		"audience in part": {claims(map[string]any{"aud": audience + "2"}), "another audience"},
		"expired":          {claims(map[string]any{"exp": clock.Unix() - 30}), "has expired"},
		"not yet":          {claims(map[string]any{"nbf": clock.Unix() + 31}), "not valid yet"},
		"no exp":           {claims(map[string]any{"exp": "(none)"}), "exp is no time"},
		"exp null":         {claims(map[string]any{"exp": nil}), "exp is no time"},
		"exp a text":       {claims(map[string]any{"exp": "1900000000"}), "exp is no time"},
		"exp true":         {claims(map[string]any{"exp": true}), "exp is no time"},
		"exp far":          {claims(map[string]any{"exp": 1e300}), "exp is no time"},
		"exp negative":     {claims(map[string]any{"exp": -1}), "exp is no time"},
		"nbf null":         {claims(map[string]any{"nbf": nil}), "nbf is no time"},
		"no sub":           {claims(map[string]any{"sub": "(none)"}), "printable characters"},
		"sub empty":        {claims(map[string]any{"sub": ""}), "printable characters"},
		"sub long":         {claims(map[string]any{"sub": strings.Repeat("x", 129)}), "printable characters"},
		"sub a number":     {claims(map[string]any{"sub": 7}), "printable characters"},
		"sub with NUL":     {claims(map[string]any{"sub": "a\x00"}), "printable characters"},
		"sub with mark":    {claims(map[string]any{"sub": "a\u202e"}), "printable characters"},
		"sub with nbsp":    {claims(map[string]any{"sub": "a\u00a0"}), "printable characters"},
		"sub anonymous":    {claims(map[string]any{"sub": Anonymous}), "no token can be for"},
		"sub staff":        {claims(map[string]any{"sub": StaffPrefix + "alice"}), "no token can be for"},
		"scopes":           {claims(map[string]any{"scope": strings.Repeat(" ", 64)}), "at most 64 words"},
		"scope a list":     {claims(map[string]any{"scope": []string{"seats.hold"}}), "at most 64 words"},
		"scope null":       {claims(map[string]any{"scope": nil}), "at most 64 words"},
		"claims a list":    {signedRaw(issuer, []byte("[]")), "no object"},
		"claims no UTF-8":  {signedRaw(issuer, []byte("{\"sub\":\"\xff\"}")), "no object"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := v.verify(background, one.token)
			var found *problem.Error
			if !errors.As(err, &found) || found.Code != problem.Unauthenticated || !strings.Contains(found.Detail, one.wanted) {
				t.Fatalf("got %v", err)
			}
			if found.Headers.Get("www-authenticate") != `Bearer error="invalid_token"` || strings.Contains(found.Detail, "eyJ") {
				t.Errorf("it says %v, %v", found.Headers, found.Detail)
			}
		})
	}
}

func TestASignatureOfACurveIsTwoNumbers(t *testing.T) {
	issuer := newES256("one")
	p, _ := publisherOf(newSite(t, keySetOf(issuer.jwk())))
	input := strings.Join(strings.Split(issuer.token(nil, nil), ".")[:2], ".")
	digest := sha256.Sum256([]byte(input))
	der, err := ecdsa.SignASN1(nil, issuer.private.(*ecdsa.PrivateKey), digest[:])
	if err != nil {
		t.Fatal(err)
	}
	good := issuer.sign(input)
	for name, signature := range map[string][]byte{
		"in ASN.1": der, "short": good[:10], "cut": good[:63], "long": append(good, 0),
	} {
		if _, err := verifierOf(p).verify(background, input+"."+encoded(signature)); err == nil {
			t.Errorf("a signature that is %s is taken", name)
		}
	}
}

func TestAVerifiedTokenIsRememberedButItsTimeIsNot(t *testing.T) {
	issuer := newEd25519("one")
	site := newSite(t, keySetOf(issuer.jwk()))
	p, hands := publisherOf(site)
	v := verifierOf(p)
	token := issuer.token(nil, nil)
	for range 2 { // the first is the one that the keys are asked for
		if _, err := v.verify(background, token); err != nil {
			t.Fatal(err)
		}
	}
	if _, ok := v.known.get(p.known(), token); !ok {
		t.Error("it is not remembered")
	}
	v.now = func() time.Time { return clock.Add(91 * time.Second) }
	if _, err := v.verify(background, token); err == nil {
		t.Error("it has no end any more")
	}
	v.now = func() time.Time { return clock }
	site.publish(keySetOf(newEd25519("one").jwk()))
	hands.pass(every)
	if done := p.ask(func(time.Duration) bool { return true }); done != nil {
		<-done
	}
	if _, err := v.verify(background, token); err == nil {
		t.Error("it is good by a key that was taken back")
	}
}

func TestTheOneLookedAtLongestAgoIsForgotten(t *testing.T) {
	k, keys := newKnown(2), &keySet{}
	k.get(keys, "")
	for _, token := range []string{"a", "b"} {
		k.keep(keys, token, claimed{})
	}
	k.get(keys, "a")
	k.keep(keys, "c", claimed{})
	k.keep(&keySet{}, "d", claimed{})
	for token, wanted := range map[string]bool{"a": true, "b": false, "c": true, "d": false} {
		if _, ok := k.get(keys, token); ok != wanted {
			t.Errorf("%s is known: %t", token, ok)
		}
	}
	if len(k.places) != k.order.Len() || k.order.Len() != 2 {
		t.Errorf("%d places, %d in order", len(k.places), k.order.Len())
	}
}

func hs256(issuer signer) string {
	input := encodedJSON(map[string]any{"alg": "HS256", "kid": issuer.kid, "typ": "at+jwt"}) + "." +
		encodedJSON(map[string]any{"sub": "root"})
	mac := hmac.New(sha256.New, []byte(fmt.Sprint(issuer.jwk()["x"])))
	mac.Write([]byte(input))
	return input + "." + encoded(mac.Sum(nil))
}

func signedRaw(issuer signer, claims []byte) string {
	input := encodedJSON(map[string]any{"alg": issuer.alg, "kid": issuer.kid, "typ": "at+jwt"}) + "." + encoded(claims)
	return input + "." + encoded(issuer.sign(input))
}
