"""Pure renderers of facts: charts and pages."""
