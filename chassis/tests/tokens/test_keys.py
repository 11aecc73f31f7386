"""A key set is read with distrust: what is no public key for signatures of two kinds is passed over."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from joserfc.jwk import ECKey, OctKey, RSAKey
from minting import EC, ED, key_set

from trivet_chassis.tokens import KeySetError, read_key_set

PUBLIC: dict[str, Any] = dict(ED.as_dict(private=False))
OTHERS = {
    "private": dict(ED.as_dict(private=True)),
    "symmetric": {**OctKey.generate_key(256).as_dict(private=True), "kid": "ed"},
    "RSA": {**RSAKey.generate_key(2048).as_dict(private=False), "kid": "ed"},
    "of another curve": {**ECKey.generate_key("P-384").as_dict(private=False), "kid": "ed"},
    "for encryption": PUBLIC | {"use": "enc"},
    "for wrapping": PUBLIC | {"key_ops": ["wrapKey"]},
    "for another algorithm": PUBLIC | {"alg": "ES256"},
    "for an HMAC": PUBLIC | {"alg": "HS256"},
    "cut": PUBLIC | {"x": PUBLIC["x"][:-4]},
    "of numbers": PUBLIC | {"x": 5},
    "of nothing": {"kty": "OKP", "crv": "Ed25519", "kid": "ed"},
    "without a kid": {name: value for name, value in PUBLIC.items() if name != "kid"},
    "with a kid that is a number": PUBLIC | {"kid": 5},
    "with an empty kid": PUBLIC | {"kid": ""},
    "with a long kid": PUBLIC | {"kid": "k" * 129},
    "a text": "ed",
    "off its curve": {**EC.as_dict(private=False), "kid": "ed", "y": EC.as_dict(private=False)["x"]},
}


def test_each_key_is_for_one_algorithm() -> None:
    read = read_key_set(key_set(ED, EC))
    assert {kid: set(key.algorithms) for kid, key in read.items()} == {"ed": {"EdDSA", "Ed25519"}, "ec": {"ES256"}}
    assert all(key.key.is_private is False for key in read.values())


@pytest.mark.parametrize("name", OTHERS)
def test_what_verifies_no_signature_is_passed_over(name: str) -> None:
    document = json.dumps({"keys": [OTHERS[name], EC.as_dict(private=False)]}).encode()
    assert list(read_key_set(document)) == ["ec"]


def test_two_keys_of_one_name_are_none() -> None:
    document = json.dumps({"keys": [PUBLIC, dict(EC.as_dict(private=False)) | {"kid": "ed"}]}).encode()
    assert not read_key_set(document)


def test_a_set_without_keys_is_one() -> None:
    assert not read_key_set(b'{"keys":[]}')


@pytest.mark.parametrize(
    "document",
    [b"", b"[]", b"{}", b'{"keys":{}}', b"<html>", b"\xff", b"[" * 5000, json.dumps({"keys": [PUBLIC] * 33}).encode()],
)
def test_what_is_no_key_set_is_refused(document: bytes) -> None:
    with pytest.raises(KeySetError):
        read_key_set(document)


WORDS = some.text(alphabet="eyJ-_A1=", max_size=8)


@given(
    some.dictionaries(
        some.sampled_from(["kty", "crv", "alg", "kid", "x", "y", "use", "key_ops", "d"]),
        some.none() | some.booleans() | some.integers() | WORDS | some.lists(WORDS),
    )
)
def test_no_key_breaks_the_reader(entry: dict[str, Any]) -> None:
    read_key_set(json.dumps({"keys": [PUBLIC | entry, entry]}).encode())
