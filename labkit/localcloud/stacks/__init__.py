"""CloudFormation and SAM: templates become resources through the cloud's own API, as the caller.

In moto's place, which would make functions that nobody can invoke and leave out types that it does not know.
"""
