"""S3 event notifications: to functions, queues, topics and EventBridge."""
