"""NEXT-MM: multi-modal object re-identification with text-modulated mixtures of experts."""

__version__ = '0.1.0'

__all__ = ['__version__']
