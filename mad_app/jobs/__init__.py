"""Competitions as jobs: a queue, its worker processes, and the files through which they report."""
