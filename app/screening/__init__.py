"""What people write, before anybody sees it: knows texts, nothing of who wrote them."""
