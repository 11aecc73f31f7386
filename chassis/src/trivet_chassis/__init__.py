"""What the Python services share, from problems and keys to the server and its failpoints."""

from .answers import JSON, Answer, refusal, success
from .commands import add_shared_commands, run_command
from .documentation import ANSWER_HEADERS, PROBLEM_SCHEMA, REPLAYED_HEADER, Responses, refuses
from .errors import (
    AlreadyExists,
    Forbidden,
    Internal,
    InvalidRequest,
    KeyReused,
    MethodNotAllowed,
    NotFound,
    PayloadTooLarge,
    RequestInFlight,
    ServiceError,
    Unauthenticated,
    Unavailable,
    UnsupportedMediaType,
    WrongDatabase,
)
from .failpoints import FailpointError, configure_failpoints, failpoint, reach
from .health import Check, Health
from .idempotency import (
    KEY_CHARACTERS_MAX,
    KEY_DESCRIPTION,
    KEY_HEADER,
    KEY_PATTERN,
    KeyedRequest,
    StoredAnswer,
    read_key,
)
from .limits import BODY_BYTES_MAX, LimitsMiddleware
from .logs import configure_logs
from .metrics import MetricsMiddleware, metrics_route
from .outcomes import Outcome, counted_outcome
from .problems import MEDIA_TYPE, PROBLEMS, TYPE_PREFIX, ProblemKind
from .rendering import allowed_methods, problem_body, problem_handlers, problem_headers, problem_response
from .server import host_and_port, run_server, serve_asgi, warn_of_settings
from .settings import (
    SettingDescription,
    SettingsError,
    describe_settings,
    load_settings,
    setting,
    unknown_variables,
)
from .strict_json import is_json, read_json
from .trace import Trace, TraceMiddleware, current_trace, current_trace_id, new_trace, parse_traceparent
from .units import Units

__all__ = [
    "ANSWER_HEADERS",
    "BODY_BYTES_MAX",
    "JSON",
    "KEY_CHARACTERS_MAX",
    "KEY_DESCRIPTION",
    "KEY_HEADER",
    "KEY_PATTERN",
    "MEDIA_TYPE",
    "PROBLEMS",
    "PROBLEM_SCHEMA",
    "REPLAYED_HEADER",
    "TYPE_PREFIX",
    "AlreadyExists",
    "Answer",
    "Check",
    "FailpointError",
    "Forbidden",
    "Health",
    "Internal",
    "InvalidRequest",
    "KeyReused",
    "KeyedRequest",
    "LimitsMiddleware",
    "MethodNotAllowed",
    "MetricsMiddleware",
    "NotFound",
    "Outcome",
    "PayloadTooLarge",
    "ProblemKind",
    "RequestInFlight",
    "Responses",
    "ServiceError",
    "SettingDescription",
    "SettingsError",
    "StoredAnswer",
    "Trace",
    "TraceMiddleware",
    "Unauthenticated",
    "Unavailable",
    "Units",
    "UnsupportedMediaType",
    "WrongDatabase",
    "add_shared_commands",
    "allowed_methods",
    "configure_failpoints",
    "configure_logs",
    "counted_outcome",
    "current_trace",
    "current_trace_id",
    "describe_settings",
    "failpoint",
    "host_and_port",
    "is_json",
    "load_settings",
    "metrics_route",
    "new_trace",
    "parse_traceparent",
    "problem_body",
    "problem_handlers",
    "problem_headers",
    "problem_response",
    "reach",
    "read_json",
    "read_key",
    "refusal",
    "refuses",
    "run_command",
    "run_server",
    "serve_asgi",
    "setting",
    "success",
    "unknown_variables",
    "warn_of_settings",
]
