"""GraphQL over HTTP, after its specification: bytes of a request come in, a checked request or a response goes out."""
