"""The page Campaigns."""
