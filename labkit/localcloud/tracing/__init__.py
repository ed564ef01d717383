"""X-Ray of the local cloud: the daemon that SDKs send to, Lambda's own segments, sampling, reading traces."""
