"""The sandbox's posts service: posts that shall be published later, in a database of its own.

Belongs here: keeping posts so that a restart loses none. Not here: the rest of the platform (`http`), which a restart
of this service must not touch.
"""
