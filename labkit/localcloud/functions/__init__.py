"""The local cloud's own Lambda API: functions, versions, aliases, layers and their settings. Runs no code."""
