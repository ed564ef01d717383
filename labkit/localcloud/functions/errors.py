"""What the Lambda API answers when it refuses: one exception, and AWS's sentences that operations share.

A ServiceError becomes an HTTP response in wire.py; boto3 raises it as ``client.exceptions.<code>``.
"""

from __future__ import annotations

from labkit.errors import LabError

NOT_HERE = "not supported by the local cloud"


class ServiceError(LabError):
    """An error of the Lambda API.

    Attributes:
        code: the exception's name on the wire, such as ``ResourceNotFoundException``.
        message: the sentence that the caller reads.
        status: HTTP status; None means the status that the service model gives this exception.
        members: further members of the exception's shape, such as ``Reason``.
    """

    def __init__(self, code: str, message: str, status: int | None = None, **members: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.members = members


def invalid(message: str) -> ServiceError:
    """A parameter is wrong, in a way that the service model cannot express."""
    return ServiceError("InvalidParameterValueException", message)


def violated(*violations: str) -> ServiceError:
    """One or more constraints of the service model are violated, in AWS's wording."""
    count = f"{len(violations)} validation error{'s' if len(violations) > 1 else ''} detected"
    return ServiceError("ValidationException", f"{count}: {'; '.join(violations)}", 400)


def unsupported(parameter: str, instead: str) -> ServiceError:
    """A parameter that AWS knows and that would have no effect here."""
    return invalid(f"{parameter} is {NOT_HERE}. {instead}")


def not_implemented(operation: str, instead: str) -> ServiceError:
    """An operation that AWS knows and that the local cloud refuses."""
    return ServiceError("NotImplemented", f"{operation} is {NOT_HERE}. {instead}", 501)


def not_found(message: str) -> ServiceError:
    """Something that the request names does not exist."""
    return ServiceError("ResourceNotFoundException", message)


def function_not_found(arn: str) -> ServiceError:
    """No such function, version or alias."""
    return not_found(f"Function not found: {arn}")


def resource_not_found() -> ServiceError:
    """AWS's sentence where it does not say what is missing."""
    return not_found("The resource you requested does not exist.")


def conflict(message: str) -> ServiceError:
    """The request does not fit the resource's present state."""
    return ServiceError("ResourceConflictException", message)


def stale_revision(reread_with: str = "GetFunction/GetAlias") -> ServiceError:
    """The caller's RevisionId is not the latest one; ``reread_with`` names the API that gives it."""
    return ServiceError(
        "PreconditionFailedException",
        "The Revision Id provided does not match the latest Revision Id. "
        f"Call the {reread_with} API to retrieve the latest Revision Id",
    )


def role_not_assumable() -> ServiceError:
    """The execution role is missing, too new, or does not trust Lambda."""
    return invalid("The role defined for the function cannot be assumed by Lambda.")


def recursive() -> ServiceError:
    """A chain of requests has come back to a function too often."""
    return ServiceError(
        "RecursiveInvocationException",
        "Lambda has detected the specified function being invoked in a recursive loop with other "
        "Amazon Web Services resources and stopped your function's invocation.",
    )


def s3_get_failed(code: str, message: str) -> ServiceError:
    """The deployment package could not be read from S3; ``code`` and ``message`` are S3's own."""
    return invalid(f"Error occurred while GetObject. S3 Error Code: {code}. S3 Error Message: {message}")


def access_denied(principal_arn: str, action: str, resource_arn: str) -> ServiceError:
    """The resource belongs to somebody else and no policy of it lets the caller in."""
    return ServiceError(
        "AccessDeniedException",
        f"User: {principal_arn} is not authorized to perform: {action} on resource: {resource_arn} "
        f"because no resource-based policy allows the {action} action",
        403,
    )
