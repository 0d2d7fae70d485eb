"""What wrong registrations look like, so that they can be told from right ones without labels."""
