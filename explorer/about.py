"""Where the project is found: the one place that knows its addresses."""

REPOSITORY = "https://github.com/OWNER/loss-explorer"
SITE = "https://OWNER.github.io/loss-explorer"
