"""The HTTP service: features, search and entries for machines."""

from next_mm.service.app import create_app
from next_mm.service.options import ServiceOptions, read_tokens

__all__ = ['ServiceOptions', 'create_app', 'read_tokens']
