"""HTTP/1.1 bytes, read leniently: what departs from the standard is named and kept."""
