"""What a lab has built as a template of the Serverless Application Model, read from the cloud through boto3.

The ledger says what is the lab's; the cloud says what it is like now. Code lies beside the template.
"""

from labkit.export.sam import Export, sam

__all__ = ["Export", "sam"]
