"""What services around a function cost: API Gateway, SQS, EventBridge, Step Functions, DynamoDB, S3, logs."""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal

from labkit import facts
from labkit.facts import quota
from labkit.pricing.cost import (
    Cost,
    LineItem,
    Number,
    PricingError,
    exact,
    free_line,
    line,
    tiered_lines,
)
from labkit.pricing.invocations import GB_OF_LOGS, Prices

ONE = Decimal(1)

# Every function here raises FactUnknown where a price is not known for the Region, and PricingError for a
# number that makes no sense.


def api_gateway(
    requests: Number, *, kind: str = "http", region: str = "us-east-1", prices: Prices = facts.price
) -> Cost:
    """Requests to an HTTP API (``kind="http"``) or a REST API (``kind="rest"``).

    An HTTP API counts a request for each 512 KB of payload. Data transfer and caching are not included.
    """
    lines = tiered_lines(
        "Requests", _amount(requests), "requests", prices(region, _kind("apigw", kind, "http", "rest"))
    )
    return Cost(
        f"API Gateway, {kind.upper()} API, {region}", lines, ("without data transfer to the internet",)
    )


def sqs(
    requests: Number,
    *,
    kind: str = "standard",
    free_tier: bool = False,
    region: str = "us-east-1",
    prices: Prices = facts.price,
) -> Cost:
    """Requests to SQS queues (``kind="standard"`` or ``"fifo"``).

    Each send, receive and delete is a request, whether of one message or of a batch of ten; so is each 64
    KB of payload, and each empty receive of a poller.
    """
    price = prices(region, _kind("sqs", kind, "standard", "fifo"))
    lines = _after_free("Requests", requests, "requests", price, "sqs_free_requests_per_month", free_tier)
    return Cost(f"SQS, {kind}, {region}", lines)


def eventbridge(
    events: Number, *, event_bytes: int = 0, region: str = "us-east-1", prices: Prices = facts.price
) -> Cost:
    """Custom events put on a bus; each 64 KB of one counts. Events of AWS services cost nothing."""
    steps = max(ONE, _steps(event_bytes, quota("eventbridge_event_step_bytes").value))
    price = prices(region, "eventbridge.custom_event")
    return Cost(f"EventBridge, {region}", (line("Custom events", _amount(events) * steps, "events", price),))


def scheduler(
    invocations: Number, *, free_tier: bool = False, region: str = "us-east-1", prices: Prices = facts.price
) -> Cost:
    """Invocations made by EventBridge Scheduler."""
    price = prices(region, "eventbridge.scheduler")
    allowance = "scheduler_free_invocations_per_month"
    lines = _after_free("Invocations", invocations, "invocations", price, allowance, free_tier)
    return Cost(f"EventBridge Scheduler, {region}", lines)


def step_functions(
    transitions: Number, *, free_tier: bool = False, region: str = "us-east-1", prices: Prices = facts.price
) -> Cost:
    """State transitions of standard workflows; each retry is one more."""
    price = prices(region, "stepfunctions.standard")
    allowance = "stepfunctions_free_transitions_per_month"
    lines = _after_free("State transitions", transitions, "transitions", price, allowance, free_tier)
    return Cost(f"Step Functions, standard, {region}", lines)


def step_functions_express(
    requests: Number,
    duration_ms: Number,
    *,
    memory_mb: int = 64,
    region: str = "us-east-1",
    prices: Prices = facts.price,
) -> Cost:
    """Express workflows: requests, and GB-hours in steps of 100 ms and 64 MB.

    Source: AWS Step Functions pricing page.
    """
    step_ms, step_mb = (
        quota("stepfunctions_express_step_ms").value,
        quota("stepfunctions_express_step_mb").value,
    )
    run_ms = _steps(duration_ms, step_ms) * step_ms
    billed_mb = max(ONE, _steps(memory_mb, step_mb)) * step_mb
    gb_hours = _amount(requests) * run_ms * billed_mb / (1000 * 3600 * 1024)
    lines = (
        line("Requests", _amount(requests), "requests", prices(region, "stepfunctions.express.request")),
        *tiered_lines("Duration", gb_hours, "GB-hours", prices(region, "stepfunctions.express.duration")),
    )
    return Cost(f"Step Functions, express, {region}", lines)


def dynamodb(
    *,
    write_units: Number = 0,
    read_units: Number = 0,
    storage_gb: Number = 0,
    free_tier: bool = False,
    region: str = "us-east-1",
    prices: Prices = facts.price,
) -> Cost:
    """A table on demand: write and read request units, and GB stored for the month.

    Only what is used is priced, so that a Region without a storage price can still answer for requests.
    """
    lines: list[LineItem] = []
    if write_units:
        price = prices(region, "dynamodb.ondemand.write")
        lines.append(line("Writes", _amount(write_units), "write request units", price))
    if read_units:
        price = prices(region, "dynamodb.ondemand.read")
        lines.append(line("Reads", _amount(read_units), "read request units", price))
    if storage_gb:
        price = prices(region, "dynamodb.storage")
        lines += _after_free("Storage", storage_gb, "GB-months", price, "dynamodb_free_storage_gb", free_tier)
    return Cost(f"DynamoDB on demand, {region}", tuple(lines))


def s3(
    *,
    puts: Number = 0,
    gets: Number = 0,
    storage_gb: Number = 0,
    region: str = "us-east-1",
    prices: Prices = facts.price,
) -> Cost:
    """An S3 bucket, storage class Standard: PUT and GET requests, and GB stored for the month.

    Copies and listings cost as PUT does, deleting costs nothing; only what is used is priced.
    """
    lines: list[LineItem] = []
    if puts:
        lines.append(line("PUT requests", _amount(puts), "requests", prices(region, "s3.put")))
    if gets:
        lines.append(line("GET requests", _amount(gets), "requests", prices(region, "s3.get")))
    if storage_gb:
        price = prices(region, "s3.storage")
        lines += tiered_lines("Storage", _amount(storage_gb), "GB-months", price)
    return Cost(f"S3 Standard, {region}", tuple(lines), ("without data transfer to the internet",))


def logs(
    log_bytes: Number,
    *,
    stored_gb: Number = 0,
    region: str = "us-east-1",
    prices: Prices = facts.price,
) -> Cost:
    """CloudWatch Logs written by Lambda functions in a month, and what is kept of earlier ones.

    Args:
        log_bytes: bytes written; a GB is counted as 1,000,000,000 bytes.
        stored_gb: GB kept for the whole month, as CloudWatch stores them (compressed).
    """
    price = prices(region, "cloudwatch.logs.ingest.lambda")
    lines = [*tiered_lines("Ingested", _amount(log_bytes) / GB_OF_LOGS, "GB", price)]
    if stored_gb:
        lines.append(
            line("Stored", _amount(stored_gb), "GB-months", prices(region, "cloudwatch.logs.storage"))
        )
    return Cost(f"CloudWatch Logs, {region}", tuple(lines))


def _after_free(
    what: str, used: Number, unit: str, price: facts.Price, allowance: str, free_tier: bool
) -> tuple[LineItem, ...]:
    quantity = _amount(used)
    if not free_tier:
        return tiered_lines(what, quantity, unit, price)
    free = min(quantity, Decimal(quota(allowance).value))
    return (
        free_line(what, free, unit, quota(allowance).source),
        *tiered_lines(what, quantity - free, unit, price),
    )


def _amount(value: Number) -> Decimal:
    number = exact(value)
    if number < 0:
        raise PricingError(f"{value} cannot be priced: give a number that is not negative.")
    return number


def _steps(value: Number, step: int) -> Decimal:
    return (_amount(value) / step).to_integral_value(ROUND_CEILING)


def _kind(service: str, kind: str, *kinds: str) -> str:
    if kind not in kinds:
        raise PricingError(f"kind={kind!r}: there are {' and '.join(kinds)}. Choose one.")
    return f"{service}.{kind}"
