"""What the company has: its records, where they come from, and how a test looks at them."""
