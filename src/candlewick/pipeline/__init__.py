"""The use cases, on ports only: what a provider delivers comes in, what became of it goes out."""
