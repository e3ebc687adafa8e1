"""The path between an emitter and a target, made worse on purpose, alike for a seed."""
