"""What browsers ask of S3 beside its API: form uploads, and whether a page may read the answer (CORS)."""
