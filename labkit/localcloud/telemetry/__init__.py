"""What can be watched: metrics, metrics in logs, filter patterns, retention."""
