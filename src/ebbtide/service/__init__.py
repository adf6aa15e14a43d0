"""Web pages, API and tests on schedule. Nothing lives here yet."""
