"""A project that needs nothing, so that the launcher can be tried alone."""

import sys

sys.stdout.write(
    {"migrate": "Nothing to do.", "seed_demo": "Sign in as ana@example.com"}[sys.argv[1]] + "\n"
)
