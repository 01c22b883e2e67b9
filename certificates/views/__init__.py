"""The HTTP edge of certificates."""
