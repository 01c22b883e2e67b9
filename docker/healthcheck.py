"""Ask the server in this container whether it lives, under a host name it serves."""  # noqa: INP001 -- a script

import os
import sys
import urllib.request

HOSTS = os.environ.get("ALLOWED_HOSTS", "localhost").split(",")  # noqa: TID251 -- runs without the settings
REQUEST = urllib.request.Request(
    "http://127.0.0.1:8000/healthz", headers={"Host": HOSTS[0].strip().lstrip(".*") or "localhost"}
)
with urllib.request.urlopen(REQUEST, timeout=2) as answer:  # noqa: S310 -- our own address
    sys.exit(0 if answer.status == 200 else 1)  # noqa: PLR2004 -- the status itself
