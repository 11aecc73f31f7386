"""A service to test with: python service.py NAME PORT [key=file…].

ready=FILE: /readyz answers 503 until the file is there. end=FILE: SIGTERM is answered only once it is there.
"""

import http.server
import json
import signal
import sys
import threading
import time
from pathlib import Path

name, port = sys.argv[1], int(sys.argv[2])
files = {key: Path(path) for key, path in (word.split("=", 1) for word in sys.argv[3:])}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        ready = "ready" not in files or files["ready"].exists()
        status = 503 if self.path == "/readyz" and not ready else 200
        self.answer(status, {"name": name, "path": self.path, "waits_for": "the cache"})

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length", "0"))
        self.rfile.read(length)
        self.answer(200, {"name": name, "path": self.path})

    def answer(self, status: int, body: dict[str, str]) -> None:
        written = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(written)))
        self.end_headers()
        self.wfile.write(written)

    def log_message(self, *words: object) -> None:
        del words


server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
signal.sigwait([signal.SIGTERM])
sys.stdout.write("asked to end\n")
sys.stdout.flush()
while "end" in files and not files["end"].exists():
    time.sleep(0.01)
