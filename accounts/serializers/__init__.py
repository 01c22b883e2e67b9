"""Shapes of accounts: what comes in, what goes out."""
