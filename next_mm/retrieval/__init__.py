"""Ranking a gallery: pure functions and the result object."""
