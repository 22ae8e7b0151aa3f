"""Who works here: members and their roles, how they sign in, and what each may do; knows no business."""
