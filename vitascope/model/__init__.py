"""The networks and their mathematics: patches, conditions, the transformer, the flow, checkpoints."""
