"""When work is done: jobs come in from the queue in Redis and from the clock, calls of the use cases go out.

The only place that knows arq. A task is thin: it says when, `pipeline` and `storage` say what.
"""
