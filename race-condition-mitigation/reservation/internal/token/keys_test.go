package token

import (
	"slices"
	"strings"
	"testing"
)

func TestKeysThatVerifyAreRead(t *testing.T) {
	ed, ec := newEd25519("one").jwk(), newES256("two").jwk()
	for name, one := range map[string]struct {
		keys   []map[string]any
		wanted []string
	}{
		"both":          {[]map[string]any{ed, ec}, []string{"one", "two"}},
		"none":          {nil, nil},
		"said":          {[]map[string]any{with(ed, map[string]any{"use": "sig", "alg": "EdDSA", "key_ops": []string{"verify"}})}, []string{"one"}},
		"its new name":  {[]map[string]any{with(ed, map[string]any{"alg": "Ed25519"})}, []string{"one"}},
		"null":          {[]map[string]any{with(ed, map[string]any{"alg": nil})}, []string{"one"}},
		"private":       {[]map[string]any{with(ed, map[string]any{"d": "AA"}), ec}, []string{"two"}},
		"encryption":    {[]map[string]any{with(ed, map[string]any{"use": "enc"})}, nil},
		"use null":      {[]map[string]any{with(ed, map[string]any{"use": nil})}, nil},
		"operations":    {[]map[string]any{with(ed, map[string]any{"key_ops": []string{"sign"}})}, nil},
		"no operations": {[]map[string]any{with(ed, map[string]any{"key_ops": "verify"})}, nil},
		"no kid":        {[]map[string]any{with(ed, map[string]any{"kid": "(none)"})}, nil},
		"an empty kid":  {[]map[string]any{with(ed, map[string]any{"kid": ""})}, nil},
		"a long kid":    {[]map[string]any{with(ed, map[string]any{"kid": strings.Repeat("x", 129)})}, nil},
		"a kid twice":   {[]map[string]any{ed, with(ec, map[string]any{"kid": "one"})}, nil},
		"twice, one private": {
			[]map[string]any{ed, with(ed, map[string]any{"d": "AA"})}, nil},
		"symmetric":       {[]map[string]any{{"kid": "k", "kty": "oct", "k": "AAAA"}}, nil},
		"another curve":   {[]map[string]any{with(ec, map[string]any{"crv": "P-384"})}, nil},
		"other algorithm": {[]map[string]any{with(ec, map[string]any{"alg": "ES384"})}, nil},
		"another's":       {[]map[string]any{with(ed, map[string]any{"alg": "ES256"})}, nil},
		"off the curve":   {[]map[string]any{with(ec, map[string]any{"x": encoded(make([]byte, 32))})}, nil},
		"short":           {[]map[string]any{with(ed, map[string]any{"x": "AAAA"})}, nil},
		"low order":       {[]map[string]any{with(ed, map[string]any{"x": encoded(make([]byte, 32))})}, nil},
		"no coordinate":   {[]map[string]any{with(ed, map[string]any{"x": "(none)"})}, nil},
		"x a number":      {[]map[string]any{with(ed, map[string]any{"x": 5})}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			found, err := readKeySet(keySetOf(one.keys...))
			if err != nil || !slices.Equal(found.kids(), one.wanted) {
				t.Errorf("got %v, %v", found.kids(), err)
			}
		})
	}
}

func TestWhatIsNoKeySetIsTold(t *testing.T) {
	many := make([]map[string]any, keysMax+1)
	for document, wanted := range map[string]string{
		"":                        "no JSON object",
		"[]":                      "no JSON object",
		"{}":                      "no list of keys",
		`{"KEYS":[]}`:             "no list of keys",
		`{"keys":null}`:           "no list of keys",
		`{"keys":{}}`:             "no list of keys",
		"{\"keys\":[\"\xff\"]}":   "not UTF-8",
		string(keySetOf(many...)): "it has 33 keys, more than 32",
	} {
		if _, err := readKeySet([]byte(document)); err == nil || !strings.Contains(err.Error(), wanted) {
			t.Errorf("%s: %v", document, err)
		}
	}
	if found, err := readKeySet([]byte(`{"keys":[1,null,"x",{}]}`)); err != nil || len(found.keys) != 0 {
		t.Errorf("got %v, %v", found, err)
	}
}
