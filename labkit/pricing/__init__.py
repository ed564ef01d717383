"""What things cost on AWS: an invocation, recorded ones, a month, neighbours, Fargate and EC2 instead.

Pure: prices come from `labkit.facts`, recorded work from the caller, and no cloud is asked. Money is
`Decimal` (see `exact`); every answer is a bill whose lines carry quantity, unit price and source.
"""

from labkit.pricing.breakeven import BreakEven, break_even
from labkit.pricing.cost import Cost, LineItem, PricingError, exact, usd
from labkit.pricing.fitting import fitting_instance, fitting_task
from labkit.pricing.invocations import cost_column, invocation, invocations
from labkit.pricing.monthly import month
from labkit.pricing.neighbours import (
    api_gateway,
    dynamodb,
    eventbridge,
    logs,
    s3,
    scheduler,
    sqs,
    step_functions,
    step_functions_express,
)
from labkit.pricing.servers import Fleet, Server, cpu_bound_ms, ec2, fargate, fleet
from labkit.pricing.workload import Provisioned, Workload, billed_ms, concurrency, event_requests, gb_seconds

__all__ = [
    "BreakEven",
    "Cost",
    "Fleet",
    "LineItem",
    "PricingError",
    "Provisioned",
    "Server",
    "Workload",
    "api_gateway",
    "billed_ms",
    "break_even",
    "concurrency",
    "cost_column",
    "cpu_bound_ms",
    "dynamodb",
    "ec2",
    "event_requests",
    "eventbridge",
    "exact",
    "fargate",
    "fitting_instance",
    "fitting_task",
    "fleet",
    "gb_seconds",
    "invocation",
    "invocations",
    "logs",
    "month",
    "s3",
    "scheduler",
    "sqs",
    "step_functions",
    "step_functions_express",
    "usd",
]
