"""What a token is of: patches of 16×16 pixels, four frames at once. No torch, for who only plans with them."""

PATCH = 16  # pixels
GROUP = 4  # frames in a moving group


def grid_of(size: tuple[int, int]) -> tuple[int, int]:
    """Rows and columns of patches of a picture of this (width, height)."""
    return size[1] // PATCH, size[0] // PATCH
