"""What tests share: databases, a clock, a forum that speaks HTTP."""
