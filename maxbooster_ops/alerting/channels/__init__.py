"""The channels, one small file each: how a message looks there, and what an answer means."""
