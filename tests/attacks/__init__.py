"""Requests that are meant to hurt, made from the schema, and what an answer to one must never say."""
