"""Tests of next_mm.analysis.studies."""
