"""`make bench`: what the product does per second, per page and per byte, beside limits and yardsticks.

A plain program, not a test: it fails only when it cannot measure. docs/performance.md explains each figure.
"""
