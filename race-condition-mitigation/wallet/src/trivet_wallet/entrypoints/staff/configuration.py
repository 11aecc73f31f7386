"""Django's web side, for the staff's process alone: what it takes, and what it is hardened with."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Any

from django.core.checks import WARNING, run_checks

from trivet_chassis import SettingsError, host_and_port
from trivet_wallet.framework import STAFF_APPS
from trivet_wallet.settings import Settings

_THIS_MACHINE = ("127.0.0.1", "::1")
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_WORKDAY_S = 10 * 3600
_YEAR_S = 365 * 24 * 3600
SECRET_CHARACTERS_MIN = 50
PASSWORD_CHARACTERS_MIN = 12
_VALIDATION = "django.contrib.auth.password_validation"
_PASSWORDS = [
    {"NAME": f"{_VALIDATION}.MinimumLengthValidator", "OPTIONS": {"min_length": PASSWORD_CHARACTERS_MIN}},
    {"NAME": f"{_VALIDATION}.UserAttributeSimilarityValidator"},
    {"NAME": f"{_VALIDATION}.CommonPasswordValidator"},
]
_NO_TLS = [
    "security.W004",  # HSTS: of a server without TLS nobody could keep it
    "security.W008",  # a redirect to HTTPS: nothing listens there
    "security.W012",  # cookies over TLS alone: there is none, and the pages do not leave this machine
    "security.W016",  # the same
]
_TLS = [
    "security.W021",  # HSTS preloading is for whole public domains, and this is one host of the inside
]


def people() -> dict[str, Any]:
    """Return what Django takes to know the staff, without any page."""
    return {"INSTALLED_APPS": STAFF_APPS, "AUTH_PASSWORD_VALIDATORS": _PASSWORDS}


def pages(settings: Settings) -> dict[str, Any]:
    """Return what Django takes to serve the staff's pages.

    Raises:
        SettingsError: A secret is missing or short, or passwords would leave the machine in the clear.
    """
    faults = list(_faults(settings))
    if faults:
        raise SettingsError(faults)
    return people() | _web(settings) | _hardening(settings)


def proxies(settings: Settings) -> tuple[str, ...]:
    """Return the addresses and networks that are believed what they say of a request's scheme and client.

    Without TLS before the pages there is no proxy whose word counts.
    """
    if not settings.admin_https:
        return ()
    return settings.admin_proxies or _THIS_MACHINE


def _faults(settings: Settings) -> list[str]:
    faults = list(_faults_of_proxies(settings))
    secret = settings.admin_secret_key
    if secret is None or len(secret) < SECRET_CHARACTERS_MIN:
        faults.append(
            f"TRIVET_WALLET_ADMIN_SECRET_KEY must have {SECRET_CHARACTERS_MIN} random characters or more: "
            "openssl rand -base64 48"
        )
    try:
        host, _ = host_and_port(settings.admin_listen)
    except ValueError as error:
        return [*faults, f"TRIVET_WALLET_ADMIN_LISTEN {error}"]
    if host not in _LOOPBACK and not settings.admin_https:
        faults.append(
            f"TRIVET_WALLET_ADMIN_LISTEN {settings.admin_listen} leaves this machine: only behind a proxy that ends "
            "TLS, with TRIVET_WALLET_ADMIN_HTTPS=true"
        )
    elif host not in _LOOPBACK and not settings.admin_proxies:
        faults.append(
            f"TRIVET_WALLET_ADMIN_LISTEN {settings.admin_listen} leaves this machine: TRIVET_WALLET_ADMIN_PROXIES must "
            "name the addresses or networks of the proxy that ends TLS, or all is redirected to HTTPS for ever"
        )
    return faults


def _faults_of_proxies(settings: Settings) -> Iterator[str]:
    """Yield what is wrong with each: a name is nobody's address, and a network of everybody is nobody's proxy."""
    for each in settings.admin_proxies:
        try:
            network = ipaddress.ip_network(each)
        except ValueError:
            network = None
        if network is None or network.prefixlen == 0:
            yield f"TRIVET_WALLET_ADMIN_PROXIES {each} is no address or network of a proxy: 10.0.3.7 or 10.0.3.0/24"


def _web(settings: Settings) -> dict[str, Any]:
    processors = ("request", "debug")
    templates = {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                *(f"django.template.context_processors.{name}" for name in processors),
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
    return {
        "SECRET_KEY": settings.admin_secret_key,
        "ALLOWED_HOSTS": list(settings.admin_hosts),
        "ROOT_URLCONF": "trivet_wallet.entrypoints.staff.urls",
        "STATIC_URL": "/static/",
        "TEMPLATES": [templates],
        "MIDDLEWARE": [
            "trivet_wallet.entrypoints.staff.refusing.told",
            "django.middleware.security.SecurityMiddleware",
            "trivet_wallet.entrypoints.staff.policy.content_policy",
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.common.CommonMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
            "django.middleware.clickjacking.XFrameOptionsMiddleware",
        ],
        "LOGIN_URL": "/login/",
        "LOGIN_REDIRECT_URL": "/",
    }


def _hardening(settings: Settings) -> dict[str, Any]:
    tls = settings.admin_https
    return {
        "SESSION_COOKIE_NAME": "trivet_wallet_staff",
        "SESSION_COOKIE_AGE": _WORKDAY_S,
        "SESSION_EXPIRE_AT_BROWSER_CLOSE": True,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",  # a link from a ticket leads to the page, not to the login
        "SESSION_COOKIE_SECURE": tls,
        "CSRF_COOKIE_NAME": "trivet_wallet_csrf",
        "CSRF_COOKIE_HTTPONLY": True,
        "CSRF_COOKIE_SAMESITE": "Strict",
        "CSRF_COOKIE_SECURE": tls,
        "X_FRAME_OPTIONS": "DENY",
        "SECURE_CONTENT_TYPE_NOSNIFF": True,
        "SECURE_REFERRER_POLICY": "same-origin",
        "SECURE_CROSS_ORIGIN_OPENER_POLICY": "same-origin",
        "SECURE_SSL_REDIRECT": tls,
        "SECURE_HSTS_SECONDS": _YEAR_S if tls else 0,
        "SECURE_HSTS_INCLUDE_SUBDOMAINS": tls,
        "SILENCED_SYSTEM_CHECKS": _TLS if tls else _NO_TLS,
    }


def ensure_deployable() -> None:
    """Return if Django's own checks, those of a deployment too, have nothing to say; Django is configured.

    Raises:
        SettingsError: With a sentence for each that has.
    """
    said = run_checks(include_deployment_checks=True)
    faults = [f"{each.id}: {each.msg}" for each in said if each.level >= WARNING and not each.is_silenced()]
    if faults:
        raise SettingsError(faults)
