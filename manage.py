#!/usr/bin/env python3
"""Django's command line for CPD Events."""

import sys

from django.core.management import execute_from_command_line

from config.env import choose_settings

if __name__ == "__main__":
    choose_settings()
    execute_from_command_line(sys.argv)
