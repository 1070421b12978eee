"""The page that searches the small changes that metrics disagree about most."""
