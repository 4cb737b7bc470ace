"""The pages that people see, from our own files: a request for one comes in, HTML, scripts and styles go out."""

from candlewick.web.pages import explorer, start_page, static_files

__all__ = ["explorer", "start_page", "static_files"]
