"""A real small platform to try everything on: Redis, BullMQ workers under load, and an HTTP app with fault switches.

Belongs here: what stands in for the platform that we watch. Not here: anything that watches it. Nothing of the product
may import the sandbox, except the pipelines and the command line.
Its third-party packages are the `sandbox` extra.
"""
