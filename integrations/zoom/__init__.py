"""Zoom, in plain dataclasses."""
