"""The page that makes figures."""
