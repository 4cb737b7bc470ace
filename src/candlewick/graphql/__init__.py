"""The typed API: GraphQL requests come in over HTTP, exact rows from the ports go out."""
