"""What a forum that knows somebody's name and number can try, and that none of it tells who is behind a handle."""
