"""Named signatures of attacks: data files, how they are read, and which of them a request bears."""
