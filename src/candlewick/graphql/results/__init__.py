"""Results: a selection of plain fields and a list of rows go in, what the response says of them comes out.

Such lists are most of what this API answers with. The stock executor completes them field by field and row by row; here
the selection is compiled once a document, and the rows are completed column by column, or spliced in as the database
wrote them. Whatever is not plain goes the stock executor's way, so that errors and nulls are exactly its own.
"""
