"""Figures and studies: what a run, a checkpoint or a set of runs has to show. Import the modules by
name; none is needed to train."""
