"""Two kinds of runaways: a child in its own session with an empty environment, and one whose parent is gone."""

import json
import os
import subprocess
import sys
import threading

sleep = [sys.executable, "-c", "import threading; threading.Event().wait()"]
child = subprocess.Popen(sleep, env={}, start_new_session=True)
# It must not hold the pipe that its parent's pid is read from.
starter = f"import subprocess as s; print(s.Popen({sleep!r}, start_new_session=True, stdout=s.DEVNULL).pid)"
orphan = int(subprocess.run([sys.executable, "-c", starter], stdout=subprocess.PIPE, check=True).stdout)
sys.stdout.write(json.dumps({"child": child.pid, "orphan": orphan, "leader": os.getpid()}) + "\n")
sys.stdout.flush()
threading.Event().wait()
