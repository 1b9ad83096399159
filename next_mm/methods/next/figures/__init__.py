"""Figures of what the experts of NEXT do: measured on a model, then drawn."""
