"""What this app answers for by itself."""

from integrations import status

status.register("mail", status.mail)
status.register("inbox", status.inbox)
