"""The shapes of events in requests and answers."""
