"""Where counters go missing: what was seen of them at each hop, and what that says of the cause.

`wire` and `output` gather what comes by, `taps` stands in between, `whisper_files`, `carbon_cache` and `render` ask
Graphite; `journey` compares the hops byte for byte, `causes` explains what is lost, and `balance` counts.
"""
