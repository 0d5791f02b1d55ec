"""Alerting: rules over what was collected, who is told what, and getting it to them.

Three steps that meet only in the state: *evaluate* (`engine`) turns samples into transitions, *dispatch* turns open
alerts into messages or a recorded reason why not, *deliver* brings messages to people. The first two are pure.
"""
