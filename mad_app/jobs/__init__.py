"""Competitions as jobs: a queue, its workers, and the files through which they report."""
