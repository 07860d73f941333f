"""Loops that make the weights, fed by the world."""
