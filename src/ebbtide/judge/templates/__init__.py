"""Templates in the plain part of nuclei's format: read, refused by conduct or feature, matched."""
