"""A service to break: service.py HOST:PORT. At the third purchase it dies if its failpoint is armed, as a real one."""

import http.server
import os
import signal
import sys

host, _, port = sys.argv[1].partition(":")
armed = os.environ.get("TRIVET_FAILPOINTS") == "inventory.purchase.after_commit=kill@3"
LINE = '{"event":"failpoint","name":"inventory.purchase.after_commit","action":"kill","hit":3,"pid":%d}\n'
purchases = 0


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def do_POST(self) -> None:
        global purchases  # noqa: PLW0603  - one server, one count
        purchases += 1
        if armed and purchases == 3:
            sys.stdout.write(LINE % os.getpid())
            sys.stdout.flush()
            os.kill(os.getpid(), signal.SIGKILL)
        self.do_GET()

    def log_message(self, *words: object) -> None:
        del words


http.server.HTTPServer((host, int(port)), Handler).serve_forever()
