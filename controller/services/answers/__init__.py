"""Read models: one file a page, and what the page, the command line and the API all show."""
