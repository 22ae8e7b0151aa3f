"""The JSON face for forum backends: routes and shapes, one file per feature, no rules."""
