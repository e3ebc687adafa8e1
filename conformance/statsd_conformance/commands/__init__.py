"""Commands of the command line, a file a subject; `__main__` collects them."""
