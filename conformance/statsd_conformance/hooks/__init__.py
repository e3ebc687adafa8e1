"""The hooks of the pytest plugin, a file a subject; `plugin` collects them."""
