"""Amazon SQS: what its requests may hold. How queues are read for functions is in ``mappings``."""
