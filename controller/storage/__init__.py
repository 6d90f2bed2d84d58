"""What do we remember? SQLModel tables and their named queries. A service never sees SQL."""
