"""A web page to search a gallery: three uploads and a caption, ranked cards, filters."""

from projects.search_app.page import build_page

__all__ = ['build_page']
