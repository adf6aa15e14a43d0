"""Commands: wiring, printing and the demonstration. The only room that prints."""
