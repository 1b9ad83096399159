"""A web page to search a gallery: three uploads and a caption, ranked cards, filters."""
