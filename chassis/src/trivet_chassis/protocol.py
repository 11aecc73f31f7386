"""Uvicorn's protocol, whose answer to bytes that are no HTTP is a problem like every other refusal."""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from .errors import InvalidRequest
from .rendering import problem_body
from .trace import new_trace


def protocol_for(node: str) -> type[HttpToolsProtocol]:
    """Return the protocol class of a replica."""

    class ProblemProtocol(HttpToolsProtocol):
        def send_400_response(self, msg: str) -> None:
            """Refuse a request that cannot be read. No application is asked, so the trace begins here."""
            trace = new_trace()
            body = problem_body(InvalidRequest(msg.rstrip(".")), trace.trace_id)
            head = (
                "HTTP/1.1 400 Bad Request\r\n"
                "content-type: application/problem+json\r\n"
                f"content-length: {len(body)}\r\n"
                f"traceparent: {trace.traceparent}\r\n"
                f"x-trivet-node: {node}\r\n"
                "connection: close\r\n\r\n"
            )
            self.transport.write(head.encode("ascii") + body)
            self.transport.close()

    return ProblemProtocol
