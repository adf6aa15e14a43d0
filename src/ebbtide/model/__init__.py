"""What every room speaks: frozen records, closed enumerations, configuration, and the errors of callers."""
