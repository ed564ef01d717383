"""Each kind of the table, one by one: written down, found again if the answer was lost, deleted, verified."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import botocore.session
import jmespath
import pytest
from learner_resources import RECIPES, Make, make

from labkit.ledger.kinds import Call, Each, Find, Kind
from labkit.ledger.table import KINDS
from labkit.session import Lab

# moto has no such operations; the local cloud's own Lambda is tried with them elsewhere.
NOT_IN_MOTO = {"lambda.provisioned-concurrency"}


class Killed(BaseException):
    """What a kernel that dies between a call's arrival and its answer amounts to."""


def calls_of(kind: Kind) -> list[Call]:
    steps = [
        call
        for step in kind.delete
        for call in ([step] if isinstance(step, Call) else [step.listing, step.then])
    ]
    finds = [find.listing for find in (kind.find, kind.leftovers) if find]
    return [kind.look.call, *steps, *finds, *([kind.tag_after] if kind.tag_after else [])]


@pytest.mark.parametrize("kind", KINDS.values(), ids=str)
def test_a_row_names_operations_and_parameters_that_exist(kind: Kind) -> None:
    """Operations, their parameters and all expressions are checked against botocore's models."""
    model = botocore.session.Session().get_service_model(kind.service)
    for operation in kind.creates:
        assert operation in model.operation_names
    for call in calls_of(kind):
        shape = model.operation_model(call.operation).input_shape
        assert set(call.params) <= set(shape.members if shape else ()), call
    expressions = [kind.look.found, *kind.ids.values()]
    expressions += [how for call in calls_of(kind) for how in call.params.values()]
    expressions += [step.items for step in kind.delete if isinstance(step, Each)]
    for find in filter(None, (kind.find, kind.leftovers)):
        assert isinstance(find, Find)
        expressions += [find.items, find.created or "@", *find.ids.values(), *find.match.values()]
    for expression in expressions:
        jmespath.compile(expression)
    for parent, shared in kind.within.items():
        assert set(shared) <= set(KINDS[parent].ids) and set(shared) <= set(kind.ids)


def test_every_kind_has_a_recipe_here() -> None:
    """So that no row of the table goes untried."""
    assert set(RECIPES) | NOT_IN_MOTO == set(KINDS)


@pytest.mark.parametrize("name", RECIPES)
def test_what_is_made_is_written_down_and_teardown_deletes_it(name: str, lab: Lab, role_arn: str) -> None:
    """The whole way for each kind: create, ledger, teardown, gone."""
    before, recipe = RECIPES[name]
    for one in before:
        make(lab, one, role_arn)
    make(lab, recipe, role_arn)
    [entry] = [entry for entry in lab.ledger.live() if entry.kind == name]
    kind = KINDS[name]
    client = lab.client(kind.service)
    assert entry.state == "created" and kind.exists(client, entry.ids)
    lab.teardown()
    assert not kind.exists(client, entry.ids)
    assert lab.ledger.live() == ()


@pytest.mark.parametrize("name", RECIPES)
def test_a_kernel_killed_before_the_answer_leaves_nothing_behind(
    name: str, open_lab: Callable[..., Lab], role_arn: str
) -> None:
    """The entry says "intended"; another kernel's teardown looks it up and deletes it."""
    doomed = open_lab()
    before, recipe = RECIPES[name]
    for one in before:
        make(doomed, one, role_arn)
    fresh = open_lab()  # shares the workspace, not the process
    doomed.client(recipe.service).meta.events.register_first("after-call", die)
    with pytest.raises(Killed):
        make(doomed, recipe, role_arn)
    [entry] = [entry for entry in fresh.ledger.live() if entry.kind == name]
    assert entry.state == "intended"
    fresh.teardown()
    assert fresh.ledger.live() == ()
    if KINDS[name].visible(entry.ids):
        assert not KINDS[name].exists(fresh.client(KINDS[name].service), entry.ids)
    elif KINDS[name].find:
        assert not list(
            KINDS[name].search(fresh.client(KINDS[name].service), KINDS[name].find, entry.ids, None)
        )


@pytest.mark.parametrize(
    "name",
    [name for name, kind in KINDS.items() if kind.within and name not in NOT_IN_MOTO | {"lambda.version"}],
)
def test_what_was_added_to_somebody_elses_resource_is_taken_off_again(
    name: str, lab: Lab, open_lab: Callable[..., Lab], role_arn: str
) -> None:
    """Parts go by themselves when the whole is not the lab's, and the whole stays."""
    before, recipe = RECIPES[name]
    other = open_lab("99-other")
    for one in before:
        make(other, one, role_arn)
    make(lab, recipe, role_arn, other.prefix)
    lab.teardown()
    kept = [
        entry
        for entry in other.ledger.live()
        if entry.kind in KINDS[name].within and entry.state == "created"
    ]
    for entry in kept:
        assert KINDS[entry.kind].exists(other.client(KINDS[entry.kind].service), entry.ids)
    [mine] = [entry for entry in lab.ledger.entries() if entry.kind == name]
    assert mine.state == "deleted"
    assert not KINDS[name].exists(lab.client(KINDS[name].service), mine.ids)
    other.teardown()


def die(**_: Any) -> None:
    raise Killed


def test_recipes_are_calls() -> None:
    """Guards the table above against a row that makes nothing."""
    assert all(isinstance(recipe, Make) for _, recipe in RECIPES.values())
