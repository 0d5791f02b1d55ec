"""maxbooster_ops: watch a production platform, tell people, prove that a release is fit."""

__version__ = "0.1.0"
