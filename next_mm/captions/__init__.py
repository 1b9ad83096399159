"""Captions as files and sentences; no torch."""
