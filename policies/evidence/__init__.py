"""Evidence as values: binding reports to artifacts, composing snapshots, assembling facts; pure."""
