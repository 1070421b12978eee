"""LPIPS: the networks, and where their weights come from."""
