"""What a forum is told: events that are written with the change itself and delivered to its webhook endpoints."""
