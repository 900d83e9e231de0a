"""The parts of tools/bench. Only Python's standard library, only 127.0.0.1."""
