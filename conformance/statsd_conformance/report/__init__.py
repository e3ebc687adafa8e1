"""What a run leaves behind in files: captures, and results that machines read."""
