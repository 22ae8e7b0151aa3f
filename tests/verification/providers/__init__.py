"""What each provider promises."""
