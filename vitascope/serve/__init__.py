"""The server: the vendors' protocols, jobs, and what strangers send."""
