"""The stages of a caption run, each of which can be started again at any time."""
