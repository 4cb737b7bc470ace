"""What processes share through Redis: commit notices, rate budgets. Never the only copy of anything."""
