"""A shop that answers as it is told, for the load generator's tests; started as a process of its own.

``python responder.py SCRIPT`` prints its port and serves until its stdin closes. SCRIPT is JSON: item id →
what each further attempt of one key gets (the last repeats), ``*`` for any other item. ``GET /seen`` returns
what arrived. Answers: 200 409 404 500 503 408, ``429 SECONDS``, ``409 CODE``, ``cut`` (no answer), ``torn``
(half an answer), ``garbage`` (a success that is no JSON), ``silent`` (nothing, ever).
"""

import asyncio
import json
import sys
from collections import Counter

CODES = {"404": "not-found", "409": "out-of-stock", "429": "lock-busy", "500": "internal", "503": "unavailable"}
SEEN = []
ATTEMPTS = Counter()


def frame(status, body, extra=""):
    head = f"HTTP/1.1 {status} x\r\ncontent-type: application/json\r\nx-trivet-node: 127.0.0.1:7\r\n{extra}"
    return f"{head}content-length: {len(body)}\r\n\r\n".encode() + body


def answer(step, sent):
    status, _, rest = step.partition(" ")
    if status == "200":
        return frame(200, json.dumps({**sent, "done": True}).encode())
    retry_after = f"retry-after: {rest}\r\n" if status == "429" and rest else ""
    code = rest if status == "409" and rest else CODES.get(status)
    return frame(
        status, json.dumps({"code": code, "status": int(status)}).encode() if code else b"upstream", retry_after
    )


class Shop(asyncio.Protocol):
    def __init__(self, script):
        self.script = script
        self.buffer = b""

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.buffer += data
        head, found, rest = self.buffer.partition(b"\r\n\r\n")
        if not found:
            return
        first, *lines = head.decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        length = int(headers.get("content-length", 0))
        if len(rest) >= length:
            self.buffer = rest[length:]
            self.serve(*first.split()[:2], headers, rest[:length])

    def serve(self, method, path, headers, body):
        if path == "/seen":
            self.transport.write(frame(200, json.dumps(SEEN).encode()))
            return
        sent, key = json.loads(body or b"{}"), headers.get("idempotency-key")
        item = sent.get("item_id") or path.split("/")[-2]
        SEEN.append({"method": method, "path": path, "key": key, "body": body.decode()})
        SEEN[-1]["traceparent"] = headers["traceparent"]
        steps = self.script.get(item) or self.script["*"]
        step = steps[min(ATTEMPTS[key], len(steps) - 1)]
        ATTEMPTS[key] += 1
        if step in ("cut", "torn"):
            if step == "torn":
                self.transport.write(frame(200, b'{"done": true}')[:-5])
            self.transport.close()
        elif step == "garbage":
            self.transport.write(frame(200, b"<html>"))
        elif step != "silent":
            self.transport.write(answer(step, sent))


async def main(script):
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Shop(script), "127.0.0.1", 0, backlog=2048)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201  - this is how the test learns it
    await loop.run_in_executor(None, sys.stdin.read)  # the test's end, whatever way it ends


asyncio.run(main(json.loads(sys.argv[1])))
