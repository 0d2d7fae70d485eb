"""What a person does, as functions."""
