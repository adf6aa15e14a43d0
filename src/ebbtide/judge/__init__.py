"""What the answers show: the plan, fingerprints and checks; pure functions of transcripts."""
