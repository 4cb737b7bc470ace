"""`POST /import`: a table as the body of a request comes in, streamed into a file; an import job goes out, as JSON."""
