"""Figures of features and searches, for models of every method."""
