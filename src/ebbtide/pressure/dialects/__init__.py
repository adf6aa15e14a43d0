"""The dialects in which servers and proxies write their access logs."""
