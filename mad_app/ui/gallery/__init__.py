"""The page of all saved runs."""
