"""Is the answer the one that was asked for? Measurements of generated clips beside true renders."""
