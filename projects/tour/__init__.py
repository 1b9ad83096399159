"""The whole way on synthetic data, from pictures to a search, in one script."""
