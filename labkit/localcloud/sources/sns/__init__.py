"""SNS: what is published reaches functions and queues in the background, filtered, permitted, never lost."""
