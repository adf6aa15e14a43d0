"""Technology files in the format that Wappalyzer made usual: read, held against answers, told as software."""
