"""The only door to RE2 and Aho-Corasick: linear-time patterns on network bytes."""
