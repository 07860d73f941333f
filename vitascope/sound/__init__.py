"""Sound for any picture: what is heard (spot), how it sounds (foley, score, dialogue), and all of it together (mix)."""
