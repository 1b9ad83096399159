"""The modalities and their order; kept apart so that parts that need no torch can know them without loading it."""

MODALITIES: tuple[str, str, str] = ('rgb', 'nir', 'tir')
"""Visible light, near infrared, thermal infrared. Every tensor with a modality axis uses this order."""

NUM_MODALITIES = len(MODALITIES)
