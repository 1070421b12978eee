"""The viewer of a finished run."""
