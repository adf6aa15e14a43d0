"""Attack load from logs and a sensor. Nothing lives here yet."""
