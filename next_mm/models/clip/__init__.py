"""CLIP of open_clip: building, loading, and the parts that run faster than its own."""
