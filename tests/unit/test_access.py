"""The rights that `hub topics acls` prints are those that the programs need, and say how to grant them."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import get_args

import pytest
from typer.testing import CliRunner

from connectors import insight, publishing, reconciling, settlements
from connectors.partners import delivering
from connectors.sql import rows
from connectors.webhooks.book import Source
from hub.access import ROLES, Grant
from hub.app import create_agents, runtime_config
from hub.cli import app
from hub.config import Settings
from hub.ruleset import Rules, load_ruleset
from hub.runtime.producer import transactional_id
from hub.runtime.spec import APPLIED_TOPIC
from hub.topics import CREDIT_STATE, CUSTOMER_NOTIFICATIONS, HUB_DEAD_LETTER_AUDIT, HUB_RULES, TOPICS

CLIENTS = {"AIOKafkaConsumer", "AIOKafkaProducer", "AIOKafkaAdminClient"}


def _acls(*arguments: str) -> str:
    said = CliRunner().invoke(app, ["topics", "acls", *arguments])
    assert said.exit_code == 0, said.output
    return said.output


def test_the_worker_may_what_its_agents_do_and_no_more() -> None:
    agents = create_agents(Settings(), Rules(load_ruleset()))
    states = {APPLIED_TOPIC, *(agent.changelog for agent in agents)}
    written = {topic for agent in agents for topic in (*agent.outputs, agent.rekey, agent.dead_letter)}
    worker = ROLES["worker"]
    assert set(worker.reads) == states.union(*(agent.inputs for agent in agents))
    assert set(worker.writes) == states | written | {HUB_RULES}


@pytest.mark.parametrize("app_id", ["orderhub", "orderhub.eu"])
def test_the_worker_owns_the_group_and_the_transactions_of_its_hub_only(app_id: str) -> None:
    config = runtime_config(Settings(app_id=app_id))
    grants = list(ROLES["worker"].grants(app_id))
    (transactions,) = [grant for grant in grants if grant.resource == "transactional-id"]
    assert Grant("Read", "group", app_id) in grants
    assert transactions.prefixed
    assert transactional_id(config, "orders", 7).startswith(transactions.name)


def test_programs_that_read_and_send_may_use_the_topics_they_name() -> None:
    assert set(ROLES["intake"].writes) == {topic.name for topic in publishing.INPUTS}
    assert set(ROLES["partners"].reads) == set(delivering.Delivery.topics)
    assert set(ROLES["tables"].reads) == set(rows.TOPICS)
    assert set(ROLES["webhooks"].reads) == set(get_args(Source))
    assert set(ROLES["mail"].reads) == {CREDIT_STATE, CUSTOMER_NOTIFICATIONS}
    assert {*settlements.TOPICS, *reconciling.TOPICS, *insight.TOPICS} <= set(ROLES["reader"].reads)
    for role in ROLES.values():
        assert {*role.reads, *role.writes, *role.checks, *role.creates} <= set(TOPICS), role.name


def test_who_only_reads_has_no_right_to_change_anything() -> None:
    for name in ("reader", "tables", "webhooks", "mail", "partners"):
        assert {grant.operation for grant in ROLES[name].grants("orderhub")} <= {"Read", "DescribeConfigs"}


def test_who_sends_refused_records_again_may_write_where_they_came_from_but_not_be_a_worker() -> None:
    inputs = {topic for agent in create_agents(Settings(), Rules(load_ruleset())) for topic in agent.inputs}
    letters = ROLES["letters"]
    assert set(letters.writes) == {*inputs, HUB_DEAD_LETTER_AUDIT}
    assert [each for each in letters.grants("orderhub") if each.resource != "topic"] == [
        Grant("Write", "transactional-id", "orderhub-dead-letters")
    ]


def test_topics_with_the_same_rights_share_a_call_of_kafkas_tool() -> None:
    calls = _acls("production").splitlines()
    start = "kafka-acls.sh --bootstrap-server $BOOTSTRAP --command-config $ADMIN --add"
    start += " --allow-principal User:production"
    assert calls == [
        "# production: The production department's program.",
        f"{start} --operation Read --topic production.orders",
        f"{start} --operation Write --topic production.status",
        f"{start} --operation Read --group production --resource-pattern-type prefixed",
    ]
    both = next(call for call in _acls("worker").splitlines() if "--operation Read --operation Write" in call)
    assert both.count("--topic") == len(set(ROLES["worker"].reads) & set(ROLES["worker"].writes))


def test_a_principal_is_named_as_kafka_knows_it() -> None:
    assert "--allow-principal 'User:CN=hub-reader,O=Order Hub'" in _acls(
        "reader", "--principal", "User:CN=hub-{role},O=Order Hub"
    )


def test_a_program_gets_the_grants_of_every_role() -> None:
    listed = {each["role"]: each["grants"] for each in map(json.loads, _acls("--json").splitlines())}
    assert {name: [Grant(**grant) for grant in grants] for name, grants in listed.items()} == {
        name: list(role.grants("orderhub")) for name, role in ROLES.items()
    }


def test_the_documentation_has_the_matrix_as_it_is() -> None:
    documented = Path(__file__).parents[2] / "docs/security.md"
    assert _acls("--matrix") in documented.read_text()


def test_the_documentation_says_of_every_role_who_it_is() -> None:
    documented = (Path(__file__).parents[2] / "docs/security.md").read_text()
    for role in ROLES.values():
        assert f"| {role.name} | {role.who} |\n" in documented


def test_a_role_that_is_none_is_refused_with_those_there_are() -> None:
    said = CliRunner().invoke(app, ["topics", "acls", "clerk"])
    assert said.exit_code == 2
    assert "'clerk' is not one of administrator, worker," in " ".join(said.output.replace("│", " ").split())


def test_every_client_of_kafka_is_made_with_the_login_of_the_settings() -> None:
    root = Path(__file__).parents[2]
    bare = []
    for path in sorted({*root.glob("hub/**/*.py"), *root.glob("connectors/**/*.py")}):
        for call in (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)):
            name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
            if name in CLIENTS and all(keyword.arg is not None for keyword in call.keywords):
                bare.append(path.relative_to(root).as_posix())
    assert bare == ["hub/broker.py"], "give `**Settings.kafka_client()`; only the embedded Kafka asks for no login"
