"""Tests that need a program of the system say so."""

import os
from shutil import which

import pytest


def needs(*programs):
    """Skip where a program is missing, but never in continuous integration."""
    missing = [program for program in programs if which(program) is None]
    return pytest.mark.skipif(
        bool(missing) and os.environ.get("CI") != "true",
        reason=f"needs {', '.join(missing)}",
    )
