"""Google and Microsoft as those who vouch for people, in plain dataclasses."""
