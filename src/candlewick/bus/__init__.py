"""What processes share through Redis: commit notices, rate budgets, counts of requests. Never the only copy of it."""
