"""Endless labelled footage: seeded scenes with physics, pictures, captions, tracks, depth and sounds, known exactly."""
