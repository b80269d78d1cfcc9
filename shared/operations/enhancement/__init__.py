"""Better pictures and sound."""
