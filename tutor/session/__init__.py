"""One learner in one lesson: build, inspect, run, probe, grade. Yields events; knows no screen."""
