"""What we observe: one file or folder per source, each behind the Protocol of `source.py`, listed in `registry.py`."""
