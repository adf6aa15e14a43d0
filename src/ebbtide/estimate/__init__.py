"""What the numbers mean: questions in SQL, estimators, facts."""
