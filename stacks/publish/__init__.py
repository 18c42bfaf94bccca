"""Publishing an image: pushed, scanned inside the project, attested with the platform's key, and put into platform.yaml."""
