"""Every page as people meet it: in Chromium, over HTTP, with nothing between."""
