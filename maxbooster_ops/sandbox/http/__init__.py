"""The sandbox's HTTP app: health, metrics, AI caches and a product that a simulated crowd uses.

Belongs here: what the platform answers over HTTP, and the switches that break it on purpose. Not here: queues and their
workers, which are processes of their own (`sandbox.workers`).
"""
