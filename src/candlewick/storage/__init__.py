"""The database: domain types in, domain types out. SQL is written here and nowhere else."""
