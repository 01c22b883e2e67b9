"""The production server: threads, because requests wait for the database."""

bind = "0.0.0.0:8000"
worker_class = "gthread"
threads = 8
# Each worker accepts for itself: without it one of two workers takes nearly everything.
reuse_port = True
timeout = 60
graceful_timeout = 30
keepalive = 5
max_requests = 20_000
max_requests_jitter = 2_000
# The control socket would want a home folder to write to; signals do.
control_socket_disable = True
