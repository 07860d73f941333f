"""What happens after the picture exists: rate, size, and where it came from."""
