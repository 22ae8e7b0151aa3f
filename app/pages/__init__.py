"""The HTML face for people: what the service is, every refusal explained, the API's documentation."""
