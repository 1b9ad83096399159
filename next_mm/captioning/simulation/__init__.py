"""Stand-ins for multi-modal LLMs whose errors are known: to try the pipeline without a key, to test it, and to measure
it.
"""

from next_mm.captioning.simulation.behaviour import BEHAVIOURS, Behaviour, simulate_answer

__all__ = ['BEHAVIOURS', 'Behaviour', 'simulate_answer']
