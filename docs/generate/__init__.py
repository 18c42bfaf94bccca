"""The documentation site: pages that are written, and pages that are made from the code when the site is built."""
