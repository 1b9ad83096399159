"""What a config and its data are checked for before anything runs."""
