"""The page on which two metrics compete."""
