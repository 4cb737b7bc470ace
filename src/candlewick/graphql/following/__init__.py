"""Subscriptions as clients follow them: equal ones are executed once an event, and each client at its own pace."""
