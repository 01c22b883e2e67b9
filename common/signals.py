"""What the machinery announces."""

from django.dispatch import Signal

row_deleted = Signal()  # row, by
row_restored = Signal()  # row, by
task_given_up = Signal()  # task
mail_reported = Signal()  # message; the provider has told what became of it
