"""The types of the schema: domain rows go in, described fields come out."""
