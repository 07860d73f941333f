"""The server: vendors' protocols and our own, one durable queue, and the workers that empty it."""
