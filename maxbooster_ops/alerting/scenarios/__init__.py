"""Scenario files: series in; alerts, routes and inhibitions out; played through the real parts."""
